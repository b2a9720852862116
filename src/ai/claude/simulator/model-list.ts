import { ApiError } from './api-error.js';
import type { Json } from './simulator.types.js';

/** A model that the simulated API knows: limits in tokens. */
export interface KnownModel {
  id: string;
  displayName: string;
  createdAt: string;
  maxInputTokens: number;
  maxTokens: number;
  /** Set when the model is deprecated: the day it ends. */
  retiresAt?: string;
}

/** The API itself gives the epoch for a release date it does not know. */
const EPOCH = '1970-01-01T00:00:00Z';

function known(id: string, createdAt = EPOCH, maxInputTokens = 1_000_000, maxTokens = 128_000): KnownModel {
  const [line = '', ...version] = id.replace('claude-', '').split('-');
  const number = version.filter((part) => part.length < 3 && /^\d+$/.test(part)).join('.');
  const displayName = `Claude ${line.charAt(0).toUpperCase()}${line.slice(1)} ${number}`.trim();
  return { id, displayName, createdAt, maxInputTokens, maxTokens };
}

const MODELS: readonly KnownModel[] = [
  known('claude-fable-5-2'),
  known('claude-mythos-5-2'),
  known('claude-haiku-5-5'),
  known('claude-sonnet-5-5'),
  known('claude-fable-5-1'),
  known('claude-opus-5-5'),
  known('claude-mythos-5-1'),
  known('claude-sonnet-5'),
  known('claude-fable-5'),
  known('claude-mythos-5'),
  known('claude-opus-5'),
  known('claude-opus-4-8'),
  known('claude-opus-4-7'),
  known('claude-sonnet-4-6', '2026-02-17T00:00:00Z', 1_000_000, 64_000),
  known('claude-opus-4-6', '2026-02-05T00:00:00Z'),
  known('claude-opus-4-5-20251101', '2025-11-24T00:00:00Z', 200_000, 64_000),
  known('claude-haiku-4-5-20251001', '2025-10-15T00:00:00Z', 200_000, 64_000),
  {
    ...known('claude-sonnet-4-5-20250929', '2025-09-29T00:00:00Z', 200_000, 64_000),
    retiresAt: '2026-11-30T00:00:00Z',
  },
];

const BY_ID = new Map(
  MODELS.flatMap((model) => [
    [model.id, model],
    [model.id.replace(/-\d{8}$/, ''), model],
  ]),
);

/** Finds a model by id or by its id without the date. Throws the API's 404 `model: <id>`. */
export function getModel(id: string): KnownModel {
  const model = BY_ID.get(id);
  if (!model) throw new ApiError(404, `model: ${id}`);
  return model;
}

const yes = { supported: true };
const no = { supported: false };
const CAPABILITIES: Json = {
  batch: yes,
  citations: yes,
  code_execution: no,
  context_management: {
    supported: false,
    clear_thinking_20251015: null,
    clear_tool_uses_20250919: null,
    compact_20260112: null,
  },
  effort: { supported: true, low: yes, medium: yes, high: yes, xhigh: yes, max: yes },
  image_input: yes,
  pdf_input: yes,
  server_tools: { supported: true, web_search: yes, code_execution: no },
  structured_outputs: yes,
  thinking: { supported: true, types: { adaptive: yes, enabled: yes, disabled: yes, between_tools: no } },
};

/** A model as `GET /v1/models/{id}` shows it. */
export function modelInfo(model: KnownModel): Json {
  return {
    type: 'model',
    id: model.id,
    display_name: model.displayName,
    created_at: model.createdAt,
    line: model.id.split('-')[1] ?? null,
    lifecycle: model.retiresAt ? 'deprecated' : 'active',
    deprecated_at: model.retiresAt ? model.createdAt : null,
    retires_at: model.retiresAt ?? null,
    max_input_tokens: model.maxInputTokens,
    max_tokens: model.maxTokens,
    capabilities: CAPABILITIES,
  };
}

/** Every known model, newest first; `lifecycles` narrows it as the query parameter does. */
export function listModels(lifecycles: readonly string[]): Json[] {
  const infos = MODELS.map(modelInfo);
  return lifecycles.length ? infos.filter((info) => lifecycles.includes(String(info['lifecycle']))) : infos;
}
