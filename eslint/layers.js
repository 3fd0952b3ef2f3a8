import path from 'node:path';

/** Folders of `src`, lowest first. Each may import itself, those before it and the files directly in `src`. */
const LAYERS = ['transport', 'protocol', 'streams', 'recording', 'handlers', 'di', 'testing', 'cli'];

/** `src/index.ts` gathers the public API, so it stands above what it exports and below what is published beside it. */
const INDEX_RANK = LAYERS.indexOf('di') + 0.5;

/** Packages with a door: the source folders that may import them, or a single file. */
const DOORS = new Map([
  ['ssh2', { folders: ['transport'], way: 'Only src/transport talks to the engine.' }],
  ['inversify', { folders: ['di', 'testing', 'cli'], way: 'Containers begin at src/di.' }],
  ['reflect-metadata', { file: 'handlers/metadata.ts', way: 'All of Reflect lives in src/handlers/metadata.ts.' }],
  ['rxjs', { folders: LAYERS.slice(LAYERS.indexOf('streams')), way: 'Observables begin at src/streams.' }],
]);

/** Folders whose code is a user of the package, and so sees what is published and nothing else. */
const USERS = ['examples', 'bench', 'docs', 'plugins'];

/** What the tests of a plugin share with those of the package: how programs are found and run. */
const PLUGIN_TEST = /^plugins\/[^/]+\/test\//;
const TEST_SUPPORT = 'test/support/';

/** What a user may import of this package. */
const PUBLISHED = ['rxsshd', 'rxsshd/testing', 'rxsshd/package.json'];

/** @param {string} specifier */
const packageOf = (specifier) =>
  specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');

/** @param {string} specifier */
const isRelative = (specifier) => specifier.startsWith('.') || path.isAbsolute(specifier);

/**
 * Height of a file in the house, by its path below `src`. Files directly in `src` lie under all folders.
 *
 * @param {string} file
 */
function rankOf(file) {
  const [folder = '', ...rest] = file.split('/');
  if (rest.length > 0) return LAYERS.indexOf(folder);
  return /^index\.[jt]s$/.test(folder) ? INDEX_RANK : -0.5;
}

/** @param {string} file */
const layerNameOf = (file) => (file.includes('/') ? `src/${file.slice(0, file.indexOf('/'))}` : `src/${file}`);

/**
 * Judges an import made inside `src`.
 *
 * @param {string} from path of the importing file below `src`
 * @param {string} specifier
 * @param {string | undefined} to path of the imported file below `src`, undefined for a package
 * @returns {string | undefined} the complaint
 */
function judgeSource(from, specifier, to) {
  if (to !== undefined) {
    if (to.startsWith('../')) return `src imports nothing outside src, so not '${specifier}'.`;
    if (rankOf(to) <= rankOf(from)) return undefined;
    return `${layerNameOf(from)} knows nothing of ${layerNameOf(to)}. Imports run one way: ${LAYERS.join(' < ')}.`;
  }
  if (packageOf(specifier) === 'rxsshd') return `Inside src, import the file itself instead of '${specifier}'.`;

  const door = DOORS.get(packageOf(specifier));
  if (door === undefined || from === 'index.ts') return undefined;
  const open = door.file === undefined ? door.folders.includes(from.split('/', 1)[0] ?? '') : door.file === from;
  return open ? undefined : `'${specifier}' is not for ${layerNameOf(from)}. ${door.way}`;
}

/**
 * Judges an import made by code that uses the package: examples, benches, documentation, plugins.
 *
 * @param {string} from path of the importing file below the project
 * @param {string} home the folder that belongs to it, such as `examples` or `plugins/redis`
 * @param {string} specifier
 * @param {string | undefined} to path of the imported file below the project, undefined for a package
 * @returns {string | undefined} the complaint
 */
function judgeUser(from, home, specifier, to) {
  if (to !== undefined) {
    if (to.startsWith(`${home}/`)) return undefined;
    if (PLUGIN_TEST.test(from) && to.startsWith(TEST_SUPPORT)) return undefined;
    return `${home} uses the published API: import 'rxsshd' or 'rxsshd/testing' instead of '${specifier}'.`;
  }
  const name = packageOf(specifier);
  if (name === 'rxsshd' && !PUBLISHED.includes(specifier)) {
    return `'${specifier}' is not published. There is ${PUBLISHED.join(', ')}.`;
  }
  // Benches drive the server with the engine's client, and measure servers that others would write with it.
  if (name === 'ssh2' && home !== 'bench') return `${home} uses the published API, not the engine below it.`;
  return undefined;
}

/**
 * The house rule: imports run one way through `src`, a few packages have one door, and what is not `src` or `test`
 * uses the published API. Unlike `no-restricted-imports` it looks at the file that a relative path leads to, and it
 * sees `import()`, `import type`, type queries and `require` as well.
 *
 * @type {import('eslint').Rule.RuleModule}
 */
export const layers = {
  meta: {
    type: 'problem',
    docs: { description: 'keep imports running one way' },
    messages: { wrongWay: '{{complaint}}' },
    schema: [],
  },
  create(context) {
    const file = path.relative(context.cwd, context.filename).split(path.sep).join('/');
    const [top = '', second = ''] = file.split('/');
    const isSource = top === 'src';
    if (!isSource && !USERS.includes(top)) return {};
    const home = top === 'plugins' ? `${top}/${second}` : top;
    const base = isSource ? path.join(context.cwd, 'src') : context.cwd;

    /** @param {any} source the node that should be a string literal, if there is one */
    const check = (source) => {
      if (source?.type !== 'Literal' || typeof source.value !== 'string') return;
      const specifier = source.value;
      const to = isRelative(specifier)
        ? path
            .relative(base, path.resolve(path.dirname(context.filename), specifier))
            .split(path.sep)
            .join('/')
        : undefined;
      const complaint = isSource
        ? judgeSource(file.slice('src/'.length), specifier, to)
        : judgeUser(file, home, specifier, to);
      if (complaint !== undefined) context.report({ node: source, messageId: 'wrongWay', data: { complaint } });
    };

    return {
      ImportDeclaration: (node) => check(node.source),
      ExportNamedDeclaration: (node) => check(node.source),
      ExportAllDeclaration: (node) => check(node.source),
      ImportExpression: (node) => check(node.source),
      TSImportType: (node) => check(node.source),
      TSExternalModuleReference: (node) => check(node.expression),
      CallExpression: (node) => {
        // `require`, and what `createRequire` returns under any name that says so.
        if (/require/i.test(context.sourceCode.getText(node.callee))) check(node.arguments[0]);
      },
    };
  },
};
