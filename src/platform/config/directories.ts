import { mkdirSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { OperatorError } from '../errors/operator.error.js';

/** `DATA_DIR`, or a folder in it, cannot be made: a file is in the way, it may not be written, the disk is full, … */
export class DataDirError extends OperatorError {
  override readonly name = 'DataDirError';

  constructor(cause: NodeJS.ErrnoException) {
    super(`DATA_DIR cannot be used, set it to a folder that may be written: ${cause.message}`, { cause });
  }
}

/**
 * Makes `DATA_DIR`, or a folder in it, with the folders above, unless it is there.
 * @throws DataDirError
 */
export function ensureDataDirectory(path: string): void {
  try {
    ensureDirectory(path);
  } catch (error) {
    throw new DataDirError(error as NodeJS.ErrnoException);
  }
}

/** Node's own `recursive` never returns where a parent takes no directories, as under /proc. */
function ensureDirectory(path: string): void {
  try {
    mkdirSync(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST' && statSync(path).isDirectory()) return;
    if (code !== 'ENOENT' || dirname(path) === path) throw error;
    ensureDirectory(dirname(path));
    mkdirSync(path);
  }
}
