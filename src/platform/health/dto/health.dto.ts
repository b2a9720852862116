/** A probe's good answer. */
export class HealthResponse {
  /** @example "ok" */
  status: 'ok';
}
