/** Model names are the caller's: beyond so many distinct ones they share a label, or they would fill the memory. */
const MAX_MODELS = 50;
const known = new Set<string>();

/** The label of a model in `/metrics`. */
export function modelLabel(model: string): string {
  if (known.has(model)) return model;
  if (known.size >= MAX_MODELS) return 'other';
  known.add(model);
  return model;
}
