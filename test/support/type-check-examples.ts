import { readFileSync } from 'node:fs';
import path from 'node:path';

import ts from 'typescript';

import type { DocumentedExample } from './documented-examples.js';

const root = path.resolve(import.meta.dirname, '../..');

/** What an example may use without importing it: the published names, by the module that publishes them. */
const PUBLISHED: ReadonlyMap<string, string> = new Map([
  ...exportedNames('src/testing/index.ts').map((name) => [name, 'rxsshd/testing'] as const),
  ...exportedNames('src/index.ts').map((name) => [name, 'rxsshd'] as const),
]);

/**
 * Type-checks examples as modules of their own, in one program.
 *
 * Names that the package publishes are imported for them, and so are those that their own file exports, since some
 * examples explain what is not published. All else they import or declare themselves.
 *
 * @returns what the compiler says of each example, in their order; nothing of those that compile
 */
export function typeCheckExamples(examples: readonly DocumentedExample[]): readonly (readonly string[])[] {
  const modules = new Map(examples.map((example, index) => [moduleOf(example, index), example]));
  const texts = new Map([...modules].map(([name, example]) => [name, importsFor(example) + example.code]));

  const options = readOptions();
  const host = ts.createCompilerHost(options);
  const program = ts.createProgram([...texts.keys()], options, {
    ...host,
    fileExists: (name) => texts.has(name) || host.fileExists(name),
    readFile: (name) => texts.get(name) ?? host.readFile(name),
    getSourceFile: (name, languageVersion, ...rest) => {
      const text = texts.get(name);
      return text === undefined
        ? host.getSourceFile(name, languageVersion, ...rest)
        : ts.createSourceFile(name, text, languageVersion);
    },
  });

  return [...modules].map(([name, example]) => {
    const file = program.getSourceFile(name);
    if (file === undefined) throw new Error(`${name} was not compiled`);
    return [...program.getSyntacticDiagnostics(file), ...program.getSemanticDiagnostics(file)].map((diagnostic) => {
      // The imports stand on the first line, so the second is the first of the example.
      const { line } = file.getLineAndCharacterOfPosition(diagnostic.start ?? 0);
      const message = ts.flattenDiagnosticMessageText(diagnostic.messageText, '\n');
      return `${example.file}:${String(example.line + line - 1)}: ${message}`;
    });
  });
}

function readOptions(): ts.CompilerOptions {
  const file = path.join(root, 'tsconfig.json');
  const { config } = ts.readConfigFile(file, (name) => ts.sys.readFile(name)) as { readonly config: unknown };
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, root);
  return {
    ...options,
    // An example names things to show them.
    noUnusedLocals: false,
    noUnusedParameters: false,
    // The imports made for it do not tell types from values.
    verbatimModuleSyntax: false,
  };
}

const moduleOf = ({ file, line }: DocumentedExample, index: number): string =>
  path.join(root, 'test', 'docs', `${String(index)}-${file.replaceAll('/', '-')}-${String(line)}.ts`);

/** One line of imports, and a line end even if there are none. */
function importsFor({ file, code }: DocumentedExample): string {
  const { used, declared } = namesIn(ts.createSourceFile('example.ts', code, ts.ScriptTarget.ES2023));
  const own = file.endsWith('.ts') ? exportedNames(file) : [];
  const missing = [...used].filter((name) => !declared.has(name));
  const imports = missing.flatMap((name) => {
    const published = PUBLISHED.get(name);
    if (published !== undefined) return [`import { ${name} } from '${published}';`];
    return own.includes(name) ? [`import { ${name} } from '${path.join(root, file.replace(/\.ts$/, '.js'))}';`] : [];
  });
  return `${[...imports, 'export {};'].join(' ')}\n`;
}

/** The identifiers in a file, and those that are declared at its top. */
function namesIn(file: ts.SourceFile): { readonly used: ReadonlySet<string>; readonly declared: ReadonlySet<string> } {
  const used = new Set<string>();
  const visit = (node: ts.Node): void => {
    if (ts.isIdentifier(node)) used.add(node.text);
    ts.forEachChild(node, visit);
  };
  visit(file);
  return { used, declared: new Set(file.statements.flatMap(namesDeclaredBy)) };
}

function namesDeclaredBy(statement: ts.Statement): readonly string[] {
  if (ts.isImportDeclaration(statement)) {
    const bindings = statement.importClause?.namedBindings;
    const named = bindings !== undefined && ts.isNamedImports(bindings) ? bindings.elements : [];
    return [statement.importClause?.name, ...named.map(({ name }) => name)].flatMap((name) => name?.text ?? []);
  }
  if (ts.isVariableStatement(statement)) {
    return statement.declarationList.declarations.flatMap(({ name }) => namesBoundBy(name));
  }
  const isNamed =
    ts.isFunctionDeclaration(statement) ||
    ts.isClassDeclaration(statement) ||
    ts.isInterfaceDeclaration(statement) ||
    ts.isTypeAliasDeclaration(statement);
  return isNamed && statement.name !== undefined ? [statement.name.text] : [];
}

function namesBoundBy(name: ts.BindingName): readonly string[] {
  if (ts.isIdentifier(name)) return [name.text];
  return name.elements.flatMap((element) => (ts.isBindingElement(element) ? namesBoundBy(element.name) : []));
}

/** The names that a file exports, by its own declarations or from others. */
function exportedNames(file: string): readonly string[] {
  const source = ts.createSourceFile(file, readFileSync(path.join(root, file), 'utf8'), ts.ScriptTarget.ES2023);
  return source.statements.flatMap((statement) => {
    if (ts.isExportDeclaration(statement)) {
      const { exportClause } = statement;
      return exportClause !== undefined && ts.isNamedExports(exportClause)
        ? exportClause.elements.map(({ name }) => name.text)
        : [];
    }
    const exported =
      ts.canHaveModifiers(statement) &&
      ts.getModifiers(statement)?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword);
    return exported === true ? namesDeclaredBy(statement) : [];
  });
}
