import { invalidRequest } from '../api-error.js';
import { aString, arrayOf, cacheControl, fields, isObject, oneOf, type Check } from './field-checks.js';

const BLOCK_TYPES: ReadonlySet<string> = new Set([
  'text',
  'image',
  'document',
  'search_result',
  'thinking',
  'redacted_thinking',
  'tool_use',
  'tool_result',
  'server_tool_use',
  'web_search_tool_result',
]);

const textBlock: Check = (value, path) => {
  if (!isObject(value)) throw invalidRequest(path, 'Input should be a valid dictionary');
  if (value['text'] === undefined) throw invalidRequest(`${path}.text`, 'Field required');
  aString(value['text'], `${path}.text`);
  if (value['text'] === '') throw invalidRequest(path, 'text content blocks must be non-empty');
  if (value['cache_control'] !== undefined) cacheControl(value['cache_control'], `${path}.cache_control`);
};

const contentBlock: Check = (value, path) => {
  if (!isObject(value)) throw invalidRequest(path, 'Input should be a valid dictionary');
  const type = value['type'];
  if (typeof type !== 'string' || !BLOCK_TYPES.has(type)) {
    throw invalidRequest(
      path,
      `Input tag '${String(type)}' found using 'type' does not match any of the expected tags`,
    );
  }
  if (type === 'text') textBlock(value, path);
  else if (value['cache_control'] !== undefined) cacheControl(value['cache_control'], `${path}.cache_control`);
};

const content: Check = (value, path) => {
  if (typeof value === 'string') return;
  if (!Array.isArray(value)) throw invalidRequest(path, 'Input should be a valid string or list of content blocks');
  arrayOf(contentBlock)(value, path);
};

const message = fields({ role: oneOf('user', 'assistant', 'system'), content }, ['role', 'content']);

/** `messages`: at least one, each with a role and something said. */
export const messages: Check = (value, path) => {
  if (!Array.isArray(value)) throw invalidRequest(path, 'Input should be a valid list');
  if (value.length === 0) throw invalidRequest(path, 'at least one message is required');
  value.forEach((item: unknown, index) => {
    message(item, `${path}.${index}`);
    const { role, content: said } = item as { role: string; content: string | unknown[] };
    const mayBeEmpty = role === 'assistant' && index === value.length - 1;
    if (said.length === 0 && !mayBeEmpty) {
      throw invalidRequest(`${path}.${index}`, `${role} messages must have non-empty content`);
    }
  });
};

/** `system`: a string or text blocks. */
export const system: Check = (value, path) => {
  if (typeof value === 'string') return;
  if (!Array.isArray(value)) throw invalidRequest(path, 'Input should be a valid string or list of text blocks');
  value.forEach((block: unknown, index) => {
    if (isObject(block)) oneOf('text')(block['type'], `${path}.${index}.type`);
    textBlock(block, `${path}.${index}`);
  });
};

const WEB_SEARCH = /^web_search_(20250305|20260209|20260318)$/;

/** `tools`: client tools, and web search; the other server tools are beyond the simulator, which says so. */
export const tool: Check = (value, path) => {
  if (!isObject(value)) throw invalidRequest(path, 'Input should be a valid dictionary');
  aString(value['name'] ?? null, `${path}.name`);
  const type = value['type'] ?? 'custom';
  if (value['cache_control'] !== undefined) cacheControl(value['cache_control'], `${path}.cache_control`);
  if (type === 'custom') {
    if (!isObject(value['input_schema'])) throw invalidRequest(`${path}.input_schema`, 'Field required');
    return;
  }
  if (typeof type !== 'string' || !WEB_SEARCH.test(type)) {
    throw invalidRequest(path, `the simulator has no tool of type '${JSON.stringify(type)}', only web search`);
  }
  oneOf('web_search')(value['name'], `${path}.name`);
};
