/** One message to Claude. */
export interface ClaudeMessage {
  readonly role: 'user' | 'assistant';
  readonly content: string;
}

/** How much effort Claude puts into an answer. */
export type Effort = 'low' | 'medium' | 'high' | 'xhigh' | 'max';

/** What Claude is asked, independent of the SDK. */
export interface ClaudeRequest {
  readonly model: string;
  readonly maxTokens: number;
  readonly system: string | null;
  readonly messages: readonly ClaudeMessage[];
  /** What Claude has answered before it paused its turn, to be continued. */
  readonly assistantSoFar?: readonly ContentBlock[] | undefined;
  readonly effort?: Effort | undefined;
  readonly stopSequences?: readonly string[] | undefined;
  readonly outputSchema?: Readonly<Record<string, unknown>> | undefined;
  readonly webSearch?: boolean | undefined;
}

/** Tokens of one call, in disjoint classes, under Claude's own names. */
export interface ClaudeUsage {
  readonly input_tokens: number;
  readonly output_tokens: number;
  readonly cache_creation_input_tokens: number;
  readonly cache_read_input_tokens: number;
}

/** One content block of an answer as Claude sent it. */
export type ContentBlock = Readonly<Record<string, unknown>> & { readonly type: string };

/** Where a statement of an answer comes from. */
export interface Source {
  readonly title: string | null;
  readonly url: string;
  readonly cited_text: string;
}

/** What has been seen of an answer: whole after `message_stop`, a part of it otherwise. */
export interface ClaudeAnswer {
  /** The text blocks joined; thinking is no answer text. */
  readonly text: string;
  readonly content: readonly ContentBlock[];
  readonly sources: readonly Source[];
  readonly stopReason: string | null;
  /** Null until `message_start` was seen. */
  readonly usage: ClaudeUsage | null;
  readonly requestId: string | null;
}

/** What is known of an answer with its first text. */
export type AnswerStart = Pick<ClaudeAnswer, 'usage' | 'requestId'>;
