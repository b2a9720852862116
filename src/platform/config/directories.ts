import { mkdirSync, statSync } from 'node:fs';
import { dirname } from 'node:path';

/**
 * Makes a directory with those above it, unless it is there. Node's own `recursive` never returns where a parent takes no
 * directories, as under /proc.
 * @throws the system's error: ENOTDIR or EEXIST where a file is in the way, EACCES, ENOSPC, …
 */
export function ensureDirectory(path: string): void {
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
