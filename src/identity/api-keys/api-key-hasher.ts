import { createHmac, timingSafeEqual } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { Secrets } from '../../platform/config/secrets.js';

/** Hashes API keys. Only hashes are stored, and without the pepper they neither reveal a key nor let anyone make one. */
@Injectable()
export class ApiKeyHasher {
  private readonly secret: Buffer;

  constructor(secrets: Secrets) {
    this.secret = secrets.key('api-keys');
  }

  /** HMAC-SHA-256 of the key under the pepper, 32 bytes. */
  hash(key: string): Buffer {
    return createHmac('sha256', this.secret).update(key).digest();
  }

  /** Compares two hashes in constant time. */
  equal(one: Buffer, other: Buffer): boolean {
    return one.length === other.length && timingSafeEqual(one, other);
  }
}
