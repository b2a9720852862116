import { ValidationFailedError } from '../platform/errors/platform.errors.js';
import { checkBody } from '../platform/http/validation/validation.pipe.js';
import { CreatePromptRequest, UpdatePromptRequest } from './dto/prompt.dto.js';
import { RenderRequest } from './dto/render.dto.js';
import { SettingsRequest } from './dto/settings.dto.js';
import { SetLabelRequest } from './labels/dto/label.dto.js';
import { isLabelName } from './labels/label-name.js';

/** Where a body is wrong, and how. */
function mistakes(type: new () => object, body: unknown): Record<string, string> {
  try {
    checkBody(type, body);
    return {};
  } catch (error) {
    if (!(error instanceof ValidationFailedError)) throw error;
    const errors = error.extras.errors ?? [];
    return Object.fromEntries(errors.map((one) => ['pointer' in one ? one.pointer : '?', one.detail]));
  }
}

const pointers = (type: new () => object, body: unknown): string[] => Object.keys(mistakes(type, body));

describe('CreatePromptRequest', () => {
  const whole = { name: 'Facts', template: 'Hi' };

  it.each([
    whole,
    { ...whole, system: null },
    { ...whole, system: '', variables: [], settings: {} },
    { ...whole, template: 'x'.repeat(100_000), system: 'x'.repeat(100_000), name: '🌊'.repeat(200) },
    { ...whole, variables: [{ name: 'a', type: 'list', required: false, default: [1], description: 'b' }] },
    { ...whole, variables: Array.from({ length: 100 }, (_, index) => ({ name: `v${index}`, type: 'string' })) },
  ])('takes what is within its limits', (body) => {
    expect(mistakes(CreatePromptRequest, body)).toEqual({});
  });

  it.each([
    [{ template: 'Hi' }, '/name'],
    [{ ...whole, name: '' }, '/name'],
    [{ ...whole, name: 'x'.repeat(201) }, '/name'],
    [{ name: 'Facts' }, '/template'],
    [{ ...whole, template: '' }, '/template'],
    [{ ...whole, template: 'x'.repeat(100_001) }, '/template'],
    [{ ...whole, system: 'x'.repeat(100_001) }, '/system'],
    [{ ...whole, variables: null }, '/variables'],
    [{ ...whole, variables: { name: 'a', type: 'string' } }, '/variables'],
    [{ ...whole, variables: ['a'] }, '/variables/0'],
    [{ ...whole, variables: [{ name: 'a', type: 'text' }] }, '/variables/0/type'],
    [{ ...whole, variables: [{ name: 'a.b', type: 'string' }] }, '/variables/0/name'],
    [{ ...whole, variables: [{ name: 'a', type: 'string', extra: 1 }] }, '/variables/0/extra'],
    [
      { ...whole, variables: [{ name: 'a', type: 'string', description: 'x'.repeat(501) }] },
      '/variables/0/description',
    ],
    [{ ...whole, variables: Array.from({ length: 101 }, () => ({ name: 'a', type: 'string' })) }, '/variables'],
    [{ ...whole, settings: null }, '/settings'],
    [{ ...whole, settings: [{}] }, '/settings'],
    [{ ...whole, settings: { max_tokens: 0 } }, '/settings/max_tokens'],
    [{ ...whole, extra: 1 }, '/extra'],
  ])('refuses %j at %s', (body, pointer) => {
    expect(pointers(CreatePromptRequest, body)).toEqual([pointer]);
  });
});

describe('UpdatePromptRequest', () => {
  it('takes a name or nothing, and nothing else', () => {
    expect(pointers(UpdatePromptRequest, {})).toEqual([]);
    expect(pointers(UpdatePromptRequest, { name: 'Facts' })).toEqual([]);
    expect(pointers(UpdatePromptRequest, { name: null })).toEqual(['/name']);
    expect(pointers(UpdatePromptRequest, { template: 'Hi' })).toEqual(['/template']);
  });
});

describe('SettingsRequest', () => {
  it('takes everything that Claude takes', () => {
    const settings = {
      model: 'claude-sonnet-5-5',
      max_tokens: 128_000,
      effort: 'xhigh',
      stop_sequences: ['\n\nEND'],
      output_schema: { type: 'object', properties: { constructor: { type: 'string' } } },
      web_search: true,
    };
    expect(checkBody(SettingsRequest, settings)).toEqual(settings);
  });

  it.each([
    [{ model: 'a b' }, '/model'],
    [{ model: 'x'.repeat(101) }, '/model'],
    [{ max_tokens: 128_001 }, '/max_tokens'],
    [{ max_tokens: 1.5 }, '/max_tokens'],
    [{ max_tokens: '5' }, '/max_tokens'],
    [{ effort: 'huge' }, '/effort'],
    [{ stop_sequences: 'END' }, '/stop_sequences'],
    [{ stop_sequences: ['END', ' \n'] }, '/stop_sequences/1'],
    [{ stop_sequences: ['x'.repeat(101)] }, '/stop_sequences/0'],
    [{ stop_sequences: Array.from({ length: 21 }, () => 'END') }, '/stop_sequences'],
    [{ output_schema: null }, '/output_schema'],
    [{ web_search: 'true' }, '/web_search'],
  ])('refuses %j', (settings, pointer) => {
    expect(pointers(SettingsRequest, settings)).toEqual([pointer]);
  });

  it.each(['temperature', 'top_p', 'top_k'])('tells why %s is refused, whatever it holds', (name) => {
    for (const value of [1, null, 'x']) {
      expect(mistakes(SettingsRequest, { [name]: value })).toEqual({
        [`/${name}`]: 'is no longer taken by the Claude API; leave it out',
      });
    }
  });
});

describe('labels', () => {
  it.each(['production', 'a', '0', 'v1-2', 'x'.repeat(50), 'latest-1'])('can be %s', (label) => {
    expect(isLabelName(label)).toBe(true);
  });

  it.each(['', '-a', 'A', 'a_b', 'a b', 'a\n', 'x'.repeat(51), 'latest', 5, null])('cannot be %j', (label) => {
    expect(isLabelName(label)).toBe(false);
    expect(pointers(RenderRequest, { label })).toEqual(['/label']);
  });

  it('are set to whole numbers', () => {
    expect(pointers(SetLabelRequest, { version: 2_147_483_647 })).toEqual([]);
    for (const version of [0, -1, 1.5, '1', null, undefined, 1e300, 2_147_483_648]) {
      expect(pointers(SetLabelRequest, { version })).toEqual(['/version']);
    }
  });
});
