const MAX_CHARACTERS = 80;

/**
 * `Content-Disposition` of a file to keep, named after a title: in plain ASCII for those who read no more, and in full for
 * the others (RFC 6266, RFC 8187).
 */
export function attachment(title: string, extension: string, fallback: string): string {
  const plain = title
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .replace(/[^A-Za-z0-9]+/g, ' ')
    .trim();
  const ascii = shortened(plain).replaceAll(' ', '-').toLowerCase() || fallback;
  // What file systems refuse, or take for a folder or a hidden file.
  const readable = shortened(title.replace(/[\p{C}\p{Z}/\\:*?"<>|]+/gu, ' ').replace(/^[\s.]+/, '')) || fallback;
  return `attachment; filename="${ascii}.${extension}"; filename*=UTF-8''${encoded(`${readable}.${extension}`)}`;
}

function shortened(text: string): string {
  return [...text].slice(0, MAX_CHARACTERS).join('').trim();
}

function encoded(text: string): string {
  return encodeURIComponent(text).replace(/['()*]/g, (character) => `%${character.charCodeAt(0).toString(16)}`);
}
