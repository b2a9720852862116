import mustache from 'mustache';
import type { Token, VariableValues } from './template.types.js';
import { RenderedTooLargeError } from './template.errors.js';

const MAX_RENDERED_CHARACTERS = 1_000_000;

type Context = InstanceType<typeof mustache.Context>;
type Config = Parameters<InstanceType<typeof mustache.Writer>['renderTokens']>[4];

/** Finds names among the given values alone: mustache's own context would climb prototypes and look into texts. */
class StrictContext extends mustache.Context {
  constructor(
    view: unknown,
    private readonly values: VariableValues,
    private readonly inList: boolean,
  ) {
    super(view as object);
  }

  override push(view: unknown): StrictContext {
    return new StrictContext(view, this.values, true);
  }

  override lookup(name: string): unknown {
    if (name === '.') return this.inList ? this.view : '';
    return Object.hasOwn(this.values, name) ? this.values[name] : undefined;
  }
}

/** mustache's writer with a bound: nested sections over lists can turn a hundred characters into gigabytes. */
class BoundedWriter extends mustache.Writer {
  private left = MAX_RENDERED_CHARACTERS;

  override rawValue(token: string[]): string {
    return this.spend(super.rawValue(token));
  }

  override escapedValue(token: string[], context: Context, config?: Config): string {
    return this.spend(super.escapedValue(token, context, config));
  }

  override unescapedValue(token: string[], context: Context): string {
    // Everything is unescaped; this way {{{a}}} and {{a}} print alike.
    return this.spend(super.escapedValue(token, context, PLAIN));
  }

  override renderSection(token: string[], context: Context, ...rest: [undefined, string, Config]): string {
    this.left -= 1;
    return super.renderSection(token, context, ...rest);
  }

  private spend(text: string | undefined): string {
    // A section without text costs time all the same.
    this.left -= Math.max(1, text?.length ?? 0);
    if (this.left < 0) throw new RenderedTooLargeError(MAX_RENDERED_CHARACTERS);
    return text ?? '';
  }
}

const PLAIN = { escape: String } as unknown as Config;

/** @throws RenderedTooLargeError */
export function render(tokens: readonly Token[], source: string, values: VariableValues): string {
  const context = new StrictContext(values, values, false) as unknown as Context;
  return new BoundedWriter().renderTokens(tokens as unknown as string[][], context, undefined, source, PLAIN);
}
