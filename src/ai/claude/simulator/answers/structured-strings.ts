import { integerBetween, type Random } from './random.js';
import type { Json } from '../simulator.types.js';

const pad = (value: number): string => String(value).padStart(2, '0');

function uuid(random: Random): string {
  const hex = Array.from({ length: 32 }, () => integerBetween(random, 0, 15).toString(16));
  hex[12] = '4';
  hex[16] = 'a';
  return hex.join('').replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}

const FORMATS: Readonly<Record<string, (random: Random) => string>> = {
  date: (random) => `2026-${pad(integerBetween(random, 1, 12))}-${pad(integerBetween(random, 1, 28))}`,
  time: (random) => `${pad(integerBetween(random, 0, 23))}:${pad(integerBetween(random, 0, 59))}:00Z`,
  'date-time': (random) => `${FORMATS['date']?.(random)}T${FORMATS['time']?.(random)}`,
  duration: (random) => `PT${integerBetween(random, 1, 59)}M`,
  email: (random) => `simulated-${integerBetween(random, 1, 999)}@example.com`,
  hostname: (random) => `simulated-${integerBetween(random, 1, 999)}.example.com`,
  uri: (random) => `https://example.com/simulated/${integerBetween(random, 1, 999)}`,
  ipv4: (random) => `192.0.2.${integerBetween(random, 1, 254)}`,
  ipv6: (random) => `2001:db8::${integerBetween(random, 1, 9999)}`,
  uuid,
};

/** A string that fits a string schema's `format`, or else its `minLength` and `maxLength` (in characters). */
export function structuredString(schema: Json, name: string, random: Random): string {
  const format = FORMATS[String(schema['format'])];
  if (format) return format(random);
  const minimum = typeof schema['minLength'] === 'number' ? schema['minLength'] : 0;
  const maximum = typeof schema['maxLength'] === 'number' ? schema['maxLength'] : Infinity;
  const value = `[simulated] ${name} ${integerBetween(random, 1, 999)}`.padEnd(minimum, '.');
  return value.length > maximum ? Array.from(value).slice(0, maximum).join('') : value;
}
