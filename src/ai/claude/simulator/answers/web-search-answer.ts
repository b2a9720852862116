import type { AnswerBlock, TextBlock } from '../simulator.types.js';
import { quoted, SIMULATED_MARK } from './answer-text.js';
import { integerBetween, type Random } from './random.js';

interface Source {
  url: string;
  title: string;
  statement: string;
}

/** Sources that can't be taken for real ones: the domain is reserved for examples (RFC 2606). */
function simulatedSources(random: Random): Source[] {
  return Array.from({ length: integerBetween(random, 2, 3) }, (_, index) => ({
    url: `https://example.com/simulated-source-${index + 1}`,
    title: `Simulated source ${index + 1}`,
    statement: `Simulated source ${index + 1} has no content of its own, and was not fetched.`,
  }));
}

export function text(value: string): TextBlock {
  return { type: 'text', text: value, citations: null };
}

function opaque(random: Random): string {
  return Buffer.from(`simulated:${Math.floor(random() * 1e9)}`).toString('base64');
}

/** The blocks of one web search: the query and its results. */
export function searchBlocks(question: string, random: Random): [AnswerBlock[], Source[]] {
  const id = `srvtoolu_sim${Math.floor(random() * 1e15).toString(36)}`;
  const sources = simulatedSources(random);
  const caller = { type: 'direct' } as const;
  const blocks: AnswerBlock[] = [
    { type: 'server_tool_use', id, name: 'web_search', input: { query: quoted(question) }, caller },
    {
      type: 'web_search_tool_result',
      tool_use_id: id,
      caller,
      content: sources.map(({ url, title }) => ({
        type: 'web_search_result',
        url,
        title,
        encrypted_content: opaque(random),
        page_age: null,
      })),
    },
  ];
  return [blocks, sources];
}

/** An answer that searched the web: the search, its results, and text whose statements cite them. */
export function webSearchAnswer(question: string, random: Random): AnswerBlock[] {
  const [search, sources] = searchBlocks(question, random);
  const cited = sources.flatMap(({ url, title, statement }, index): AnswerBlock[] => [
    text(index === 0 ? `${SIMULATED_MARK} You asked: "${quoted(question)}"\n\n` : ' '),
    {
      type: 'text',
      text: statement,
      citations: [
        { type: 'web_search_result_location', url, title, cited_text: statement, encrypted_index: opaque(random) },
      ],
    },
  ]);
  return [text(`${SIMULATED_MARK} I'll search for that.`), ...search, ...cited];
}
