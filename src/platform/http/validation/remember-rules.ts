import { getMetadataStorage } from 'class-validator';

/**
 * Has class-validator remember the rules of each class. By itself it gathers them anew for every object, out of those of all
 * classes, which takes about as long as it then takes to check a query of a batch. Rules that are asked for by group are gathered
 * as before: nobody does so here. The name of a schema, which the library gives for nested objects, does not change those of a class.
 */
export function rememberRules(storage = getMetadataStorage()): void {
  const gather = storage.getTargetValidationMetadatas.bind(storage);
  const group = storage.groupByPropertyName.bind(storage);
  const rules = new WeakMap<object, ReturnType<typeof gather>>();
  const grouped = new WeakMap<object, ReturnType<typeof group>>();

  storage.getTargetValidationMetadatas = (type, schema, always, strict, groups) => {
    const all = (): ReturnType<typeof gather> => gather(type, schema, always, strict, groups);
    // An object may have a field of its own that is called `constructor`.
    const special = always || strict || groups !== undefined || typeof type !== 'function';
    return special ? all() : remembered(rules, type, all);
  };
  storage.groupByPropertyName = (all) => remembered(grouped, all, () => group(all));
}

function remembered<T>(memory: WeakMap<object, T>, key: object, make: () => T): T {
  const known = memory.get(key);
  if (known) return known;
  const made = make();
  memory.set(key, made);
  return made;
}
