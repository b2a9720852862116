import { getHeapStatistics, setFlagsFromString } from 'node:v8';

/**
 * How far the heap may grow beyond what is in use, in percent, before its garbage is collected: by itself V8 lets it double. (Of a
 * batch of 1,000, with 30 percent: 1479 ms of processor and 194 MB; with 60: 1381 and 208; with 100: 1322 and 225.)
 */
const ROOM_PERCENT = 60;
/** Size of the heap in bytes beyond which memory counts for more than speed; some 90 MB of the process are not in it. */
const PLENTY = 190e6;
const LOOK_MS = 100;

/**
 * Keeps the process below some 300 MB. V8 by itself lets the heap grow to a multiple first, and keeps what it has taken: five
 * hundred streams at once took 350 MB more than before, of which 80 were in use. Told to optimize for size it takes a third
 * of that, and twice the time for all that makes much garbage. So it is told so only while the heap is large. See
 * bench/streams.js and bench/batches.js.
 */
export function keepHeapSmall(): void {
  let large = false;
  const tell = (): void => {
    setFlagsFromString(large ? '--optimize-for-size' : '--no-optimize-for-size');
    setFlagsFromString(`--heap-growing-percent=${large ? 0 : ROOM_PERCENT}`);
  };
  tell();
  setInterval(() => {
    const wasLarge = large;
    large = getHeapStatistics().total_heap_size > PLENTY;
    if (large !== wasLarge) tell();
  }, LOOK_MS).unref();
}
