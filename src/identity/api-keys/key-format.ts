import { randomBytes } from 'node:crypto';
import { crc32 } from 'node:zlib';
import type { ApiKeyId } from '../user-id.js';

const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const SECRET_BYTES = 24;
/** 24 bytes need at most 33 base62 digits, 32 bits at most 6: padding makes every key of one length. */
const SECRET_DIGITS = 33;
const CHECKSUM_DIGITS = 6;
const SHAPE = /^(dsr_[0-9A-Za-z]{1,11}_[0-9A-Za-z]{33})_([0-9A-Za-z]{6})$/;

function base62(value: bigint, digits: number): string {
  let text = '';
  for (let rest = value; rest > 0n; rest /= 62n) text = ALPHABET.charAt(Number(rest % 62n)) + text;
  return text.padStart(digits, '0');
}

function checksum(text: string): string {
  return base62(BigInt(crc32(text)), CHECKSUM_DIGITS);
}

/** A fresh key `dsr_<id>_<secret>_<crc32>`: 24 random bytes behind the id of its row, all in base62. */
export function newApiKey(id: ApiKeyId): string {
  const secret = base62(BigInt(`0x${randomBytes(SECRET_BYTES).toString('hex')}`), SECRET_DIGITS);
  const body = `dsr_${base62(BigInt(id), 1)}_${secret}`;
  return `${body}_${checksum(body)}`;
}

/** Whether a text has the shape of a key and its checksum holds. */
export function isApiKey(text: string): boolean {
  const [, body, crc] = SHAPE.exec(text) ?? [];
  return body !== undefined && checksum(body) === crc;
}

/** Whether a text begins as our keys do and yet is none: cut short or mistyped, so that no look-up is needed. */
export function isMistyped(text: string): boolean {
  return text.startsWith('dsr_') && !isApiKey(text);
}
