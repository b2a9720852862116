import mustache from 'mustache';
import type { Token, VariableValues } from './template.types.js';
import { RenderedTooLargeError } from './template.errors.js';

const MAX_RENDERED_CHARACTERS = 1_000_000;
/** Tags, texts and rounds of sections: empty sections over lists take time and make no text. */
const MAX_STEPS = 1_000_000;

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

/** mustache's writer with bounds: nested sections over lists can turn a hundred characters into gigabytes, or into hours. */
class BoundedWriter extends mustache.Writer {
  private characters = 0;
  private steps = 0;

  override renderTokens(tokens: string[][], ...rest: [Context, undefined, string, Config]): string {
    // Once for each round of a section, before it is done.
    this.steps += 1 + tokens.length;
    if (this.steps > MAX_STEPS) throw new RenderedTooLargeError('The sections of the template repeat too often');
    return super.renderTokens(tokens, ...rest);
  }

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

  private spend(text = ''): string {
    this.characters += text.length;
    if (this.characters > MAX_RENDERED_CHARACTERS) {
      throw new RenderedTooLargeError(`The rendered text is longer than ${MAX_RENDERED_CHARACTERS} characters`);
    }
    return text;
  }
}

/** Values print as they are, not as HTML. */
const PLAIN = { escape: String } as unknown as Config;

/**
 * Fills parsed templates.
 * @throws RenderedTooLargeError before more than the bound is built
 */
export function render(tokens: readonly Token[], source: string, values: VariableValues): string {
  const context = new StrictContext(values, values, false) as unknown as Context;
  return new BoundedWriter().renderTokens(tokens as unknown as string[][], context, undefined, source, PLAIN);
}
