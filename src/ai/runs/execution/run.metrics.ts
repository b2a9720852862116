import { Counter } from 'prom-client';
import { usdFromNano } from '../../../platform/money/money.js';
import { modelLabel } from '../../claude/model-label.js';
import type { Run } from '../run.types.js';

const runs = new Counter({
  name: 'dossier_runs_total',
  help: 'Runs that have ended, by status',
  labelNames: ['status'],
});
const tokens = new Counter({
  name: 'dossier_claude_tokens_total',
  help: 'Tokens of answers, by model and kind (as in `usage`)',
  labelNames: ['model', 'kind'],
});
const cost = new Counter({
  name: 'dossier_claude_cost_usd_total',
  help: 'Settled cost of runs in US dollars, by model; simulated runs count as real ones',
  labelNames: ['model'],
});

/** Counts a run whose end is recorded. */
export function countRun(run: Run): void {
  const model = modelLabel(run.model);
  runs.inc({ status: run.status });
  for (const [name, count] of Object.entries(run.usage ?? {})) {
    tokens.inc({ model, kind: name.replace('_tokens', '') }, count);
  }
  if (run.costNanoUsd !== null) cost.inc({ model }, usdFromNano(run.costNanoUsd));
}
