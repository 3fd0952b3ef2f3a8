/**
 * A variable or parameter that holds an Observable ends in `$`.
 *
 * `rxjs-x/finnish` asks the same of every function that may return one, which here is every policy and every callback
 * that answers with an `ObservableInput`; and of leases, which are Observables under a name of their own. This rule
 * means values alone: not functions, not subjects, not types with an alias, and never properties, whose names are API.
 *
 * @type {import('eslint').Rule.RuleModule}
 */
export const streamNames = {
  meta: {
    type: 'suggestion',
    docs: { description: 'end the names of variables that hold an Observable in $' },
    messages: { dollar: "'{{name}}' holds an Observable: name it '{{name}}$'." },
    schema: [],
  },
  create(context) {
    const services = context.sourceCode.parserServices;

    /** @param {any} pattern a binding: an identifier or a destructuring */
    const check = (pattern) => {
      switch (pattern?.type) {
        case 'Identifier': {
          const type = services.getTypeAtLocation(pattern);
          if (type.symbol?.name !== 'Observable' || type.aliasSymbol !== undefined || pattern.name.endsWith('$'))
            return;
          context.report({ node: pattern, messageId: 'dollar', data: { name: pattern.name } });
          return;
        }
        case 'AssignmentPattern':
          return check(pattern.left);
        case 'ArrayPattern':
          return pattern.elements.forEach(check);
        case 'ObjectPattern':
          // `{ data }` keeps a documented name; only a name chosen here, as in `{ data: bytes }`, is judged.
          return pattern.properties.forEach((/** @type {any} */ property) => {
            if (property.type === 'Property' && !property.shorthand) check(property.value);
          });
      }
    };
    /** @param {any} node */
    const checkParameters = (node) => node.params.forEach(check);

    return {
      VariableDeclarator: (node) => check(node.id),
      FunctionDeclaration: checkParameters,
      FunctionExpression: checkParameters,
      ArrowFunctionExpression: checkParameters,
      TSEmptyBodyFunctionExpression: checkParameters,
      TSFunctionType: checkParameters,
      TSMethodSignature: checkParameters,
    };
  },
};
