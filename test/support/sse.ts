/** One server-sent event. */
export interface SseEvent {
  readonly id: number;
  readonly name: string;
  readonly data: unknown;
  /** The bytes as they came, up to and with the empty line. */
  readonly wire: string;
}

/** Reads an event stream to its end, or until `enough` says so; then the connection is cut. Pings are left out. */
export async function readEvents(
  response: Response,
  enough: (events: readonly SseEvent[]) => boolean = () => false,
): Promise<SseEvent[]> {
  const reader = response.body!.getReader();
  const decoder = new TextDecoder();
  const events: SseEvent[] = [];
  let pending = '';
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return events;
    pending += decoder.decode(value, { stream: true });
    for (let end = pending.indexOf('\n\n'); end !== -1; end = pending.indexOf('\n\n')) {
      const wire = pending.slice(0, end + 2);
      pending = pending.slice(end + 2);
      if (wire.startsWith(':')) continue;
      events.push(parseEvent(wire));
      if (enough(events)) {
        await reader.cancel();
        return events;
      }
    }
  }
}

/** The bytes of events one after another. */
export function wireOf(events: readonly SseEvent[]): string {
  return events.map(({ wire }) => wire).join('');
}

function parseEvent(wire: string): SseEvent {
  const match = /^id: (\d+)\nevent: (\w+)\ndata: (.*)\n\n$/.exec(wire);
  if (!match) throw new Error(`This is no event: ${JSON.stringify(wire)}`);
  return { id: Number(match[1]), name: match[2] ?? '', data: JSON.parse(match[3] ?? '') as unknown, wire };
}
