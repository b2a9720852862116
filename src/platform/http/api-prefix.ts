/** Path under which every operation that needs a key lives; `Location` headers begin with it. */
export const API_PREFIX = '/api/v1';
