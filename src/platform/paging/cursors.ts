import { createHmac, timingSafeEqual } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { Secrets } from '../config/secrets.js';
import { ValidationFailedError } from '../errors/platform.errors.js';

const MAC_BYTES = 12;
const MAX_LENGTH = 1000;

/** The sort key of the last row of a page. */
export type CursorKey = readonly (string | number)[];

/**
 * Opaque cursors: the key of the last row seen, signed together with the list it belongs to, so that a changed cursor, or
 * one of another list, filter or user, is refused rather than misread.
 */
@Injectable()
export class Cursors {
  private readonly secret: Buffer;

  constructor(secrets: Secrets) {
    this.secret = secrets.key('cursors');
  }

  /** @param scope names the list, its filters and its owner; the cursor is good for that alone. */
  encode(key: CursorKey, scope: string): string {
    const payload = Buffer.from(JSON.stringify(key));
    return Buffer.concat([this.mac(payload, scope), payload]).toString('base64url');
  }

  /** @throws ValidationFailedError (parameter `cursor`) for anything that `encode` did not make for this scope. */
  decode(cursor: string, scope: string): CursorKey {
    const bytes = cursor.length <= MAX_LENGTH ? Buffer.from(cursor, 'base64url') : Buffer.alloc(0);
    const mac = bytes.subarray(0, MAC_BYTES);
    const payload = bytes.subarray(MAC_BYTES);
    // Node's decoder skips what is not base64url: only the very text that was given out counts.
    const genuine =
      bytes.length > MAC_BYTES &&
      bytes.toString('base64url') === cursor &&
      timingSafeEqual(mac, this.mac(payload, scope));
    if (!genuine) {
      throw new ValidationFailedError([{ parameter: 'cursor', detail: 'is not a cursor of this list' }]);
    }
    return JSON.parse(payload.toString()) as CursorKey;
  }

  private mac(payload: Buffer, scope: string): Buffer {
    return createHmac('sha256', this.secret).update(scope).update('\0').update(payload).digest().subarray(0, MAC_BYTES);
  }
}
