/** Everything that an API key can be allowed, in the order in which answers list them. */
export const SCOPES = ['read', 'write', 'run', 'admin'] as const;

/** What an API key is allowed: `read` every GET, `write` changes, `run` spending money on Claude, `admin` the users. */
export type Scope = (typeof SCOPES)[number];
