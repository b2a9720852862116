import fc from 'fast-check';
import { attachment } from './file-name.js';

/** Both names of a header's value, as a browser reads them. */
function namesOf(header: string): [ascii: string, full: string] {
  const [, ascii = '', full = ''] = /^attachment; filename="([^"]*)"; filename\*=UTF-8''([!-~]*)$/.exec(header) ?? [];
  return [ascii, decodeURIComponent(full)];
}

describe('the name of a file', () => {
  it.each([
    ['Solid-state batteries', 'solid-state-batteries.md', 'Solid-state batteries.md'],
    ['Énergie: été/hiver "26"', 'energie-ete-hiver-26.md', 'Énergie été hiver 26.md'],
    ['潮汐', 'item-7.md', '潮汐.md'],
    ['../../etc/passwd', 'etc-passwd.md', 'etc passwd.md'],
    ['.', 'item-7.md', 'item-7.md'],
    ["it's (50%) *", 'it-s-50.md', "it's (50%).md"],
    ['a\r\nSet-Cookie: b', 'a-set-cookie-b.md', 'a Set-Cookie b.md'],
    ['🌊'.repeat(200), 'item-7.md', `${'🌊'.repeat(80)}.md`],
  ])('of %j is %s, or %s', (title, ascii, full) => {
    expect(namesOf(attachment(title, 'md', 'item-7'))).toEqual([ascii, full]);
  });

  it('is a header and leads to no folder, whatever the title', () => {
    const titles = fc.string({ unit: 'binary', maxLength: 200 });
    fc.assert(
      fc.property(titles, (title) => {
        const header = attachment(title, 'json', 'item-7');
        expect(header).toMatch(/^[ -~]+$/);
        for (const name of namesOf(header)) {
          expect(name).toMatch(/^[^/\\.].*\.json$|^[^/\\.][^/\\]*\.json$/s);
          expect(name).not.toMatch(/[/\\"\p{Cc}]/u);
        }
      }),
    );
  });
});
