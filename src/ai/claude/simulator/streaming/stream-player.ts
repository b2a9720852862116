import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { SseFrame } from './sse-frames.js';

/** How an answer ends when not well: after this many text deltas. */
export interface BrokenEnding {
  kind: 'hang' | 'reset' | 'end' | 'error';
  afterDeltas: number;
}

/** Time for bytes to reach the client before the connection is reset; a reset may discard what is still unread. */
const RESET_DELAY_MS = 30;

/** Waits, unless the client goes away first. Resolves to whether it is still there. */
export async function pause(ms: number, signal: AbortSignal): Promise<boolean> {
  if (ms <= 0 || signal.aborted) return !signal.aborted;
  try {
    await sleep(ms, undefined, { signal });
    return true;
  } catch (error) {
    if (signal.aborted) return false;
    throw error;
  }
}

/** The frames up to and with the given text delta (or the last one, if there are fewer); for 0 those before the first. */
export function framesUpTo(frames: readonly SseFrame[], deltas: number): SseFrame[] {
  let seen = 0;
  const end = frames.findIndex((frame) => {
    if (!frame.isText) return seen > 0 && seen >= deltas;
    seen += 1;
    return seen > deltas;
  });
  return frames.slice(0, end === -1 ? frames.findLastIndex((frame) => frame.isText) + 1 : end);
}

/** Writes the frames with `deltaMs` before each text delta but the first; without a pace, all in one write. */
export async function playFrames(
  response: ServerResponse,
  frames: readonly SseFrame[],
  deltaMs: number,
  signal: AbortSignal,
): Promise<void> {
  if (deltaMs <= 0) {
    response.write(wireOf(frames));
    return;
  }
  let begun = false;
  for (const frame of frames) {
    if (frame.isText && begun && !(await pause(deltaMs, signal))) return;
    begun ||= frame.isText;
    if (!response.write(frame.wire)) await drained(response, signal);
    if (signal.aborted) return;
  }
}

/** As `playFrames`, and ends the response; without a pace it is all one write. */
export async function playAll(
  response: ServerResponse,
  frames: readonly SseFrame[],
  deltaMs: number,
  signal: AbortSignal,
): Promise<void> {
  if (deltaMs <= 0) {
    response.end(wireOf(frames));
    return;
  }
  await playFrames(response, frames, deltaMs, signal);
  if (!signal.aborted) response.end();
}

function wireOf(frames: readonly SseFrame[]): string {
  return frames.map((frame) => frame.wire).join('');
}

async function drained(response: ServerResponse, signal: AbortSignal): Promise<void> {
  try {
    await once(response, 'drain', { signal });
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

/** Resets the connection (RST, not FIN) after what was written had its chance to arrive. */
export async function resetConnection(response: ServerResponse, signal: AbortSignal): Promise<void> {
  await pause(RESET_DELAY_MS, signal);
  response.socket?.resetAndDestroy();
}
