/** Headers of an answer that carries something just made, for the OpenAPI document. */
export const CREATED_HEADERS = {
  Location: { description: 'Path of what was made', schema: { type: 'string' } },
  ETag: { description: 'Strong ETag of what was made, as a GET of it has', schema: { type: 'string' } },
} as const;
