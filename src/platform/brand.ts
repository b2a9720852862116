declare const brand: unique symbol;

/** A primitive that cannot be swapped for another of the same primitive type: `Brand<number, 'UserId'>`. */
export type Brand<T, Name extends string> = T & { readonly [brand]: Name };
