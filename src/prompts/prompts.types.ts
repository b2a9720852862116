import type { Brand } from '../platform/brand.js';
import type { PromptSettings } from './dto/settings.dto.js';
import type { ResearchItemId } from './parent-item.js';
import type { VariableDefinition } from './templates/variables.js';

/** Id of a prompt. */
export type PromptId = Brand<number, 'PromptId'>;

/** Number of a version within its prompt: 1, 2, … */
export type PromptVersionNumber = Brand<number, 'PromptVersionNumber'>;

/** Labels of a prompt with the version that each stands for. */
export type LabelMap = Readonly<Record<string, number>>;

/** What makes up a version: fixed when it is created. */
export interface VersionContent {
  readonly template: string;
  readonly system: string | null;
  /** Every variable there is; derived from the template where its author declared none. */
  readonly variables: readonly VariableDefinition[];
  readonly settings: PromptSettings;
}

/** Which version is meant: one by number, one by label, or without either the latest. */
export interface VersionChoice {
  readonly version?: number;
  readonly label?: string;
}

/** A version together with what it hangs on: all that a run needs to know of it. */
export interface PromptVersionSnapshot extends VersionContent {
  readonly promptId: PromptId;
  readonly researchItemId: ResearchItemId;
  readonly version: PromptVersionNumber;
  readonly createdAt: Date;
}

/** A prompt in short, as lists show it. */
export interface PromptSummary {
  readonly id: PromptId;
  readonly researchItemId: ResearchItemId;
  readonly name: string;
  /** The latest. */
  readonly version: PromptVersionNumber;
  readonly labels: LabelMap;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

/** A prompt with the content of its latest version. */
export interface PromptDetails extends PromptSummary, VersionContent {}

/** A rendered version: what Claude is asked. */
export interface RenderedPrompt {
  readonly system: string | null;
  readonly messages: readonly { readonly role: 'user'; readonly content: string }[];
}
