import type { Json } from '../simulator.types.js';

const MAX_CALLS = 20_000;
/** Characters of bodies kept in all; a test's texts are short, so this is a guard and not a limit one meets. */
const MAX_CHARACTERS = 64 * 1024 * 1024;
const MAX_CHARACTERS_PER_CALL = 256 * 1024;

/** A call that reached the simulator. `status` is null while, or if never, answered; `ended` tells an answer given to its end. */
export interface LoggedCall {
  at: string;
  path: string;
  status: number | null;
  ended: boolean;
  stream: boolean;
}

/** The last calls with their bodies, so that a test can count what Claude was really asked. */
export class CallLog {
  private readonly calls: { call: LoggedCall; body: string }[] = [];
  private characters = 0;

  /** Takes down a call; the caller sets its `status` and `ended` once they are known. */
  record(path: string, body: string, stream: boolean): LoggedCall {
    const call: LoggedCall = { at: new Date().toISOString(), path, status: null, ended: false, stream };
    const kept = body.slice(0, MAX_CHARACTERS_PER_CALL);
    this.calls.push({ call, body: kept });
    this.characters += kept.length;
    while (this.calls.length > MAX_CALLS || this.characters > MAX_CHARACTERS) {
      this.characters -= this.calls.shift()?.body.length ?? 0;
    }
    return call;
  }

  /** The calls whose body contains `text` and whose path is `path`, where these are given. */
  find(text: string | null, path: string | null): Json {
    // The bodies are JSON: a quote or line break of the text stands escaped in them.
    const escaped = text === null ? '' : JSON.stringify(text).slice(1, -1);
    const found = this.calls.filter(
      ({ call, body }) => body.includes(escaped) && (path === null || call.path === path),
    );
    return { count: found.length, calls: found.map(({ call }) => call) };
  }
}
