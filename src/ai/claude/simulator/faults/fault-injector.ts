import { parseDirectives, type FaultDirective } from './fault-directives.js';
import { integerOf, planOf, type FaultPlan } from './fault-plan.js';

/** The calls that a directive can name by `on=`; without it, a message is meant (alone or in a batch). */
export type FaultTarget = 'messages' | 'count_tokens' | 'batches';

/** Directives counted at a time; beyond, the oldest is forgotten. */
const MAX_COUNTED = 100_000;

/** Turns directives into what happens to a call, and counts those with `times`. */
export class FaultInjector {
  private readonly used = new Map<string, number>();

  /**
   * The plan for one call. Directives add up in order; of those that spoil the answer only the first that is not yet
   * used up counts, so `[[sim status=529 times=1]] [[sim status=500 times=1]]` fails twice, once in each way.
   */
  planCall(text: string, target: FaultTarget): FaultPlan {
    let plan: FaultPlan = {};
    for (const directive of parseDirectives(text)) {
      if ((directive.attributes.get('on') ?? 'messages') !== target) continue;
      const next = planOf(directive.attributes);
      const spoilt = plan.failure !== undefined || plan.ending !== undefined;
      if (spoilt && (next.failure !== undefined || next.ending !== undefined)) continue;
      if (this.use(directive)) plan = { ...plan, ...next };
    }
    return plan;
  }

  /** Whether the directive is in force, after `skip` calls and for `times` further ones; counts this call. */
  private use({ source, attributes }: FaultDirective): boolean {
    const skip = integerOf(attributes, 'skip') ?? 0;
    const times = integerOf(attributes, 'times') ?? Number.POSITIVE_INFINITY;
    if (skip === 0 && times === Number.POSITIVE_INFINITY) return true;
    const used = this.used.get(source) ?? 0;
    if (used >= skip + times) return false;
    this.used.set(source, used + 1);
    if (this.used.size > MAX_COUNTED) {
      const oldest = this.used.keys().next();
      if (!oldest.done) this.used.delete(oldest.value);
    }
    return used >= skip;
  }
}
