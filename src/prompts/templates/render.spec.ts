import fc from 'fast-check';
import { type RenderInput, renderPrompt } from './render.js';
import { compileTemplate } from './template.js';
import { effectiveDefinitions } from './variables.js';

const TOPIC: RenderInput = {
  template: 'On {{topic}}',
  system: null,
  definitions: [{ name: 'topic', type: 'string', required: false }],
  variables: { topic: 'tides' },
};

describe('Rendering a prompt', () => {
  it('gives one message of the user, and the system prompt beside it', () => {
    expect(renderPrompt({ ...TOPIC, system: 'Know {{topic}}.' })).toEqual({
      ok: true,
      system: 'Know tides.',
      messages: [{ role: 'user', content: 'On tides' }],
    });
  });

  it.each([null, '', ' \n', '{{topic}}'])('has no system prompt when that is %j, and nothing is given', (system) => {
    expect(renderPrompt({ ...TOPIC, system, variables: {} })).toMatchObject({ ok: true, system: null });
  });

  it.each([
    [{}, 'missing', '/variables/topic'],
    [{ topic: 1, other: 1 }, 'missing', '/variables/topic'],
    [{ topic: 'x', other: 1 }, 'surplus', '/variables/other'],
    [{ topic: 'x'.repeat(1_000_000) }, 'too-large', '/variables'],
  ])('tells what is wrong with the variables (%#)', (variables, kind, pointer) => {
    const definitions = effectiveDefinitions(null, compileTemplate(TOPIC.template).names);
    const failed = renderPrompt({ ...TOPIC, definitions, variables });
    expect(failed).toEqual({ ok: false, kind, errors: [{ pointer, detail: expect.any(String) as string }] });
  });

  it.each(['', ' ', '\n\t\u00a0'])('refuses a message of white space alone, as Claude does: %j', (topic) => {
    const failed = renderPrompt({ ...TOPIC, template: ' {{topic}}', variables: { topic } });
    expect(failed).toMatchObject({ ok: false, kind: 'empty', errors: [{ pointer: '/variables' }] });
  });

  it('refuses a system prompt that grows too large', () => {
    const system = '{{topic}}{{topic}}';
    const failed = renderPrompt({ ...TOPIC, system, variables: { topic: 'x'.repeat(600_000) } });
    expect(failed).toMatchObject({ ok: false, kind: 'too-large' });
  });

  it('keeps the text of its template around any values', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (topic, role) => {
        const rendering = renderPrompt({
          template: 'On {{topic}}!',
          system: 'As {{role}}!',
          definitions: effectiveDefinitions(null, ['topic', 'role']),
          variables: { topic, role },
        });
        const messages = [{ role: 'user', content: `On ${topic}!` }];
        expect(rendering).toEqual({ ok: true, system: `As ${role}!`, messages });
      }),
    );
  });
});
