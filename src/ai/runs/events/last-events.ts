import { toRunResponse } from '../dto/run.response.js';
import type { Run, RunEvent } from '../run.types.js';

/**
 * The events that end a run: text that no event has told yet, usage, and the run itself.
 * @param sequence number of the run's last event so far
 */
export function lastEvents(run: Run, sequence: number, pending: string): RunEvent[] {
  const events: Omit<RunEvent, 'sequence'>[] = [];
  if (pending) events.push({ name: 'delta', data: JSON.stringify({ text: pending }) });
  const response = toRunResponse(run);
  if (response.usage) {
    events.push({ name: 'usage', data: JSON.stringify({ ...response.usage, cost_usd: response.cost_usd }) });
  }
  events.push({ name: run.status as RunEvent['name'], data: JSON.stringify(response) });
  return events.map((event, index) => ({ sequence: sequence + 1 + index, ...event }));
}
