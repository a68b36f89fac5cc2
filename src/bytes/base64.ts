/** The bytes that base64 stands for. Throws where it is none. */
export function decodeBase64(text: string): Uint8Array {
  const binary = atob(text)
  const bytes = new Uint8Array(binary.length)
  // A loop, because Uint8Array.from with a function takes many times as long, and a bundle has thousands of files.
  for (let i = 0; i < binary.length; i++) bytes[i] = binary.charCodeAt(i)
  return bytes
}
