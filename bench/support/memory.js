import { existsSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { metric } from './processes.js';

/** A peak that lasts a moment must not be missed. */
const SAMPLE_MS = 5;
const PAGE_BYTES = 4096;

/** Resident memory of a Dossier in MB: by the operating system where it tells (Linux), else by Dossier's own figure. */
export async function residentMb({ url, pid }) {
  const file = `/proc/${pid}/statm`;
  if (!existsSync(file)) return (await metric(url, 'process_resident_memory_bytes')) / 1e6;
  return (Number(readFileSync(file, 'utf8').split(' ')[1]) * PAGE_BYTES) / 1e6;
}

/** Resident memory in MB before and at most during some work, and the work's result. */
export async function memoryWhile(dossier, work) {
  const before = await residentMb(dossier);
  let most = before;
  let over = false;
  const working = work().finally(() => (over = true));
  while (!over) {
    most = Math.max(most, await residentMb(dossier));
    await Promise.race([working.catch(() => undefined), sleep(SAMPLE_MS)]);
  }
  return { before, most, result: await working };
}

/** How much more memory than before, with its sign. */
export function growth(before, after) {
  const more = (after - before).toFixed(0);
  return `${Number(more) < 0 ? '' : '+'}${more} MB`;
}
