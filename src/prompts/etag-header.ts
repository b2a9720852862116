/** Header of an answer that carries one resource which can change, for the OpenAPI document. */
export const ETAG_HEADER = {
  ETag: { description: 'Strong ETag of the resource', schema: { type: 'string' } },
} as const;
