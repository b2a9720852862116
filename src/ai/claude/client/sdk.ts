/** All that needs the SDK at run time: imported after the start, which it would make a tenth longer. */
export { default as Anthropic } from '@anthropic-ai/sdk';
export { apiError, toClaudeApiError } from './failure-mapping.js';
