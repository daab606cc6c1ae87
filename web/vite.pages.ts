/**
 * How the app is cut into files. Without a proxy there is no HTTP/2, and a browser asks for six files at a time, each a round trip:
 * so what every page needs is one file, and the server names all files of a page in its head, for a browser to ask for them at once
 * and not for one after it has read another.
 */
import type { Plugin, Rollup } from 'vite';

const PAGES_FILE = '_app/pages.json';
const NODE = /\/generated\/client-optimized\/nodes\/\d+\.js$/;
const ENTRY = /\/(generated\/client-optimized\/app\.js|runtime\/client\/entry\.js)$/;
const SOURCE = /\/src\/routes(\/.*)?\/\+(page|layout|error)(?:\.svelte|\.ts)$/;

interface Files {
  scripts: string[];
  styles: string[];
  /** What a page may come to need. */
  later: string[];
}

/** All that `chunk` cannot run without, and what it may import while it runs. */
function closure(chunk: Rollup.OutputChunk, bundle: Rollup.OutputBundle): Files {
  const [scripts, styles, later] = [new Set<string>(), new Set<string>(), new Set<string>()];
  const add = (name: string, to: Set<string>, stylesTo: Set<string>): void => {
    const file = bundle[name];
    if (scripts.has(name) || to.has(name) || file?.type !== 'chunk') return;
    to.add(name);
    file.viteMetadata?.importedCss.forEach((style) => stylesTo.add(style));
    file.imports.forEach((next) => add(next, to, stylesTo));
    for (const next of file.dynamicImports) {
      const imported = bundle[next];
      // A page leads to the others, but they are not its own.
      if (imported?.type === 'chunk' && !NODE.test(imported.facadeModuleId ?? '')) add(next, later, later);
    }
  };
  add(chunk.fileName, scripts, styles);
  return { scripts: [...scripts], styles: [...styles], later: [...later] };
}

function joined(parts: Files[]): Files {
  const of = (kind: keyof Files) => [...new Set(parts.flatMap((part) => part[kind]))];
  const [scripts, styles] = [of('scripts'), of('styles')];
  return {
    scripts,
    styles,
    later: of('later').filter((name) => !scripts.includes(name) && !styles.includes(name)),
  };
}

/** Whether a layout of `folder` is around the page at `route`. */
const around = (folder: string, route: string): boolean => folder === '' || route.startsWith(`${folder}/`);

/** From where a customer begins; what these cannot do without is in one file. */
const BEGINNING =
  /\/(src\/hooks\.client\.ts|src\/routes\/\+(layout|error|page)\.(svelte|ts)|runtime\/client\/entry\.js)$/;
/** But what is on the first page alone. */
const FIRST_PAGE = /\/src\/routes\/\+page\.(svelte|ts)/;

/** Every module that the beginning imports, and does not fetch when it comes to need it. */
function needed({ getModuleIds, getModuleInfo }: Rollup.ManualChunkMeta): Set<string> {
  const found = new Set([...getModuleIds()].filter((id) => BEGINNING.test(id)));
  for (const id of found) for (const next of getModuleInfo(id)?.importedIds ?? []) found.add(next);
  return found;
}

let together: Set<string> | undefined;

export const everywhere: Plugin = {
  name: 'everywhere-in-one-file',
  applyToEnvironment: ({ name }) => name === 'client',
  buildStart: () => {
    together = undefined;
  },
  outputOptions: (options) => ({
    ...options,
    manualChunks: (id, graph) => {
      together ??= needed(graph);
      return together.has(id) && !FIRST_PAGE.test(id) ? 'everywhere' : undefined;
    },
  }),
};

export const pages: Plugin = {
  name: 'pages-and-their-files',
  applyToEnvironment: ({ name }) => name === 'client',
  generateBundle: {
    order: 'post',
    handler(_, bundle) {
      const entries: Files[] = [];
      const nodes: { kind: string; folder: string; files: Files }[] = [];
      for (const chunk of Object.values(bundle)) {
        if (chunk.type !== 'chunk' || !chunk.facadeModuleId) continue;
        if (ENTRY.test(chunk.facadeModuleId)) entries.push(closure(chunk, bundle));
        if (!NODE.test(chunk.facadeModuleId)) continue;
        const sources = this.getModuleInfo(chunk.facadeModuleId)?.importedIds ?? [];
        const [, folder = '', kind = ''] = sources.map((id) => SOURCE.exec(id)).find(Boolean) ?? [];
        if (kind !== '') nodes.push({ kind, folder, files: closure(chunk, bundle) });
      }
      if (entries.length === 0 && nodes.length === 0) return;
      const table: Record<string, Files> = {};
      for (const { kind, folder } of nodes) {
        if (kind !== 'page') continue;
        const own = nodes.filter((node) =>
          node.kind === 'page' ? node.folder === folder : around(node.folder, `${folder}/`),
        );
        table[folder.replace(/\/\([^)]*\)/g, '') || '/'] = joined([
          ...entries,
          ...own.filter((node) => node.kind !== 'error').map(({ files }) => files),
          ...own
            .filter((node) => node.kind === 'error')
            .map(({ files }) => ({ scripts: [], styles: [], later: [...files.scripts, ...files.styles] })),
        ]);
      }
      if (!table['/'])
        this.error('SvelteKit names its pages otherwise now: the server would not know their files');
      this.emitFile({ type: 'asset', fileName: PAGES_FILE, source: JSON.stringify(table) });
    },
  },
};
