/** What a variable can hold. */
export type VariableValue = string | number | boolean | readonly (string | number | boolean)[];

/** Values by name, all own properties. */
export type VariableValues = Readonly<Record<string, VariableValue | undefined>>;

/** A node of mustache's tree: type, value, start, end, and for a section its inside. */
export type Token = [type: string, value: string, start: number, end: number, inside?: Token[]];
