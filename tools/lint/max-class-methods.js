const FUNCTIONS = new Set(['ArrowFunctionExpression', 'FunctionExpression']);

/**
 * `dossier/max-class-methods: ["error", { "max": 10 }]` bounds the methods of one class: a class with more has more than
 * one job.
 *
 * Counted: methods of any visibility, static and abstract ones, and properties that hold a function (`find = () => …`), so
 * that a method is not hidden by its spelling. Not counted: the constructor (a class has one), accessors (they read as
 * fields) and the signatures of an overloaded method (its implementation counts once).
 */
export const maxClassMethods = {
  meta: {
    type: 'suggestion',
    docs: { description: 'Limits the number of methods of a class' },
    messages: {
      tooMany: '{{name}} has {{count}} methods; at most {{max}} are allowed. Split what has a job of its own.',
    },
    schema: [{ type: 'object', properties: { max: { type: 'integer', minimum: 0 } }, additionalProperties: false }],
    defaultOptions: [{ max: 10 }],
  },
  create(context) {
    const max = context.options[0]?.max ?? 10;
    return {
      ClassBody(node) {
        const count = node.body.filter(isMethod).length;
        if (count <= max) return;
        const { id } = node.parent;
        const name = id ? `Class ${id.name}` : 'This class';
        context.report({ node: id ?? node.parent, messageId: 'tooMany', data: { name, count, max } });
      },
    };
  },
};

function isMethod(member) {
  if (member.type === 'PropertyDefinition') return FUNCTIONS.has(member.value?.type);
  if (member.type === 'TSAbstractMethodDefinition') return member.kind === 'method';
  return member.type === 'MethodDefinition' && member.kind === 'method' && FUNCTIONS.has(member.value.type);
}
