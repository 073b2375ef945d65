/** What is taken for tokens before a cloud has counted them. */

/** English and code have four characters to a token; other scripts and numbers fewer, base64 of reasoning about as many. */
export const CHARACTERS_PER_TOKEN = 4;

/** What an answer is reserved with when no limit was asked for: few answers of agents, reasoning and patches included, are longer. */
export const USUAL_OUTPUT_TOKENS = 8_192;
