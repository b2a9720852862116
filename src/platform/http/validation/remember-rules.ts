import { getMetadataStorage } from 'class-validator';

/**
 * Has class-validator remember the rules of each class. By itself it gathers them anew for every object, out of those of all
 * classes, which takes as long as half of the check of a batch's query. What is asked for by group is not remembered: nobody
 * does here.
 */
export function rememberRules(storage = getMetadataStorage()): void {
  const gather = storage.getTargetValidationMetadatas.bind(storage);
  const group = storage.groupByPropertyName.bind(storage);
  const rules = new WeakMap<object, ReturnType<typeof gather>>();
  const grouped = new WeakMap<object, ReturnType<typeof group>>();

  storage.getTargetValidationMetadatas = (type, ...options) => {
    if (options.some(Boolean)) return gather(type, ...options);
    return remembered(rules, type, () => gather(type, ...options));
  };
  storage.groupByPropertyName = (all) => remembered(grouped, all, () => group(all));
}

function remembered<T>(memory: WeakMap<object, T>, key: object, make: () => T): T {
  const known = memory.get(key) ?? make();
  memory.set(key, known);
  return known;
}
