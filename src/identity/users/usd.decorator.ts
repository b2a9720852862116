import { registerDecorator } from 'class-validator';

const DECIMALS = 9;

/** An amount of money in USD, from 0 to `max`, with at most nine decimals. `max` must not be above 9,000,000: exactness. */
export function UsdAmount(max: number): PropertyDecorator {
  return (target, property) => {
    registerDecorator({
      name: 'usdAmount',
      target: target.constructor,
      propertyName: String(property),
      validator: {
        validate: (value: unknown) => typeof value === 'number' && value >= 0 && value <= max && hasNineDecimals(value),
        defaultMessage: () => `must be a number from 0 to ${max} with at most nine decimals`,
      },
    });
  };
}

/** `toFixed` rounds the number's exact value; multiplying would round twice and refuse some amounts of millions. */
function hasNineDecimals(value: number): boolean {
  return Number(value.toFixed(DECIMALS)) === value;
}
