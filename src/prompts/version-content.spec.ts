import { ValidationFailedError } from '../platform/errors/platform.errors.js';
import { MissingVariablesError } from './prompts.errors.js';
import { renderVersion, versionContent } from './version-content.js';

/** The mistakes that a call is refused with. */
function mistakes(call: () => unknown): readonly object[] {
  try {
    call();
  } catch (error) {
    if (error instanceof ValidationFailedError) return error.extras.errors ?? [];
    throw error;
  }
  throw new Error('It was not refused');
}

describe('versionContent', () => {
  it('makes each name of both texts a required string when no variables are declared', () => {
    const content = versionContent({ template: '{{b}} {{a}} {{#c}}{{a}}{{/c}}', system: '{{d}} {{a}}' });
    expect(content.variables.map(({ name }) => name)).toEqual(['b', 'a', 'c', 'd']);
    for (const variable of content.variables) expect(variable).toMatchObject({ type: 'string', required: true });
  });

  it('spells out whether a variable is required: unless said otherwise, when it has no default', () => {
    const { variables } = versionContent({
      template: 'Hi',
      variables: [
        { name: 'a', type: 'string' },
        { name: 'b', type: 'number', default: 0 },
        { name: 'c', type: 'list', required: false, description: 'Some' },
      ],
    });
    expect(variables).toEqual([
      { name: 'a', type: 'string', required: true },
      { name: 'b', type: 'number', required: false, default: 0 },
      { name: 'c', type: 'list', required: false, description: 'Some' },
    ]);
  });

  it('is empty where nothing is said', () => {
    expect(versionContent({ template: 'Hi' })).toEqual({ template: 'Hi', system: null, variables: [], settings: {} });
  });

  it('points at the text that does not parse', () => {
    expect(mistakes(() => versionContent({ template: '{{#a}}', system: '{{> b}}' }))).toMatchObject([
      { pointer: '/template' },
      { pointer: '/system' },
    ]);
  });

  it('refuses names that are not declared, once anything is', () => {
    const request = { template: '{{a}}', system: '{{b}}', variables: [] };
    expect(mistakes(() => versionContent(request))).toMatchObject([{ pointer: '/template' }, { pointer: '/system' }]);
  });

  it('refuses a default of another type', () => {
    const request = { template: '{{a}}', variables: [{ name: 'a', type: 'number' as const, default: '5' }] };
    expect(mistakes(() => versionContent(request))).toMatchObject([{ pointer: '/variables/0/default' }]);
  });

  it.each([' ', '\n\t ', '{{! only a note }}', '{{#a}} {{/a}}', ' {{^a}}{{#b}}{{! x }}{{/b}}{{/a}}\u00a0'])(
    'refuses %j, which makes nothing but white space whatever its variables hold',
    (template) => {
      expect(mistakes(() => versionContent({ template }))).toEqual([
        { pointer: '/template', detail: 'must make more than white space' },
      ]);
    },
  );

  it.each(['x', '{{a}}', '{{#a}}{{.}}{{/a}}', '{{^a}}x{{/a}}', '{{{a}}}', '{{&a}}'])(
    'takes %j, which can make more',
    (template) => {
      expect(versionContent({ template }).template).toBe(template);
    },
  );

  it('takes as many names as can be declared, and no more', () => {
    const naming = (count: number, prefix = 'v') =>
      Array.from({ length: count }, (_, index) => `{{${prefix}${index}}}`).join('');
    const { template, system, variables } = versionContent({
      template: naming(60),
      system: naming(40, 'w') + naming(9),
    });
    expect(variables).toHaveLength(100);
    expect(versionContent({ template, system, variables: [...variables] }).variables).toEqual(variables);
    expect(mistakes(() => versionContent({ template: naming(101), system: naming(3, 'w') }))).toEqual([
      { pointer: '/template', detail: 'names 101 variables: a version has at most 100' },
    ]);
    expect(mistakes(() => versionContent({ template: naming(60), system: naming(41, 'w') }))).toEqual([
      {
        pointer: '/system',
        detail: 'names variables that make 101 with those of the template: a version has at most 100',
      },
    ]);
  });

  it('lists at most 100 mistakes', () => {
    const names = Array.from({ length: 500 }, (_, index) => `{{v${index}}}`).join('');
    expect(mistakes(() => versionContent({ template: names, variables: [] }))).toHaveLength(100);
  });
});

describe('renderVersion', () => {
  const version = versionContent({
    template: 'On {{topic}}{{#short}}, shortly{{/short}}',
    system: 'As {{role}}',
    variables: [
      { name: 'topic', type: 'string' },
      { name: 'short', type: 'boolean', required: false },
      { name: 'role', type: 'string', default: 'a poet' },
    ],
  });

  it('fills both texts, with defaults', () => {
    expect(renderVersion(version, { topic: '<tides>', short: true })).toEqual({
      system: 'As a poet',
      messages: [{ role: 'user', content: 'On <tides>, shortly' }],
    });
  });

  it('tells every variable that is missing or of another type', () => {
    const render = () => renderVersion(version, { short: 'yes' });
    expect(render).toThrow(MissingVariablesError);
    expect(render).toThrow(
      expect.objectContaining({
        slug: 'missing-variables',
        extras: {
          errors: [
            expect.objectContaining({ pointer: '/variables/topic' }),
            expect.objectContaining({ pointer: '/variables/short' }),
          ],
        },
      }),
    );
  });

  it.each(['extra', 'constructor', 'toString', 'a/b'])('refuses the surplus variable %s', (name) => {
    const pointer = `/variables/${name.replace('/', '~1')}`;
    expect(mistakes(() => renderVersion(version, { topic: 'tides', [name]: 'x' }))).toMatchObject([{ pointer }]);
  });

  it('lists at most 100 surplus variables', () => {
    const surplus = Object.fromEntries(Array.from({ length: 500 }, (_, index) => [`v${index}`, 1]));
    expect(mistakes(() => renderVersion(version, { topic: 'tides', ...surplus }))).toHaveLength(100);
  });
});
