// Written by `python -m tests.contract_types` from the server's requests and parts.

export interface Requests {
  "/api/models/load": LoadRequest;
  "/api/tokenize": TokenizeRequest;
  "/api/detokenize": DetokenizeRequest;
  "/api/next-token": NextTokenRequest;
  "/api/score": ScoreRequest;
  "/api/completions": CompletionRequest;
  "/api/experiments/recite": ReciteRequest;
  "/api/experiments/prefix-sweep": SweepRequest;
  "/api/experiments/perturb": PerturbRequest;
  "/api/experiments/universes": UniversesRequest;
  "/api/experiments/evidence": EvidenceRequest;
  "/api/experiments/own-mistake": OwnMistakeRequest;
  "/api/experiments/few-shot": FewShotRequest;
  "/api/experiments/repeated-tokens": RepeatedTokensRequest;
  "/api/experiments/dressed": DressedRequest;
  "/api/experiments/costume-shift": ShiftRequest;
  "/api/experiments/instructed": InstructedRequest;
  "/api/trace": TraceRequest;
  "/v1/completions": OpenAICompletionRequest;
  "/api/class": ClassroomRequest;
}

export interface ClassroomRequest {
  curtain?: boolean | null;
  note?: boolean | null;
  blur?: Array<string> | null;
}

export interface CompletionRequest {
  temperature?: number;
  top_p?: number;
  min_p?: number;
  repetition_penalty?: number;
  frequency_penalty?: number;
  presence_penalty?: number;
  seed?: number | null;
  ignore_eos?: boolean;
  ids?: Array<number> | null;
  prompt?: string | null;
  top_k?: number;
  n?: number;
  max_tokens?: number;
  stop?: Array<string>;
  logprobs?: number;
}

export interface DetokenizeRequest {
  ids: Array<number>;
  encoding?: string;
}

export interface DressedRequest {
  question: string;
  n?: number;
  seed?: number;
  temperature?: number;
  max_tokens?: number;
  expected?: string | null;
  template: string;
  stop: string;
  stop_on?: boolean;
  turns?: Array<Turn>;
  bare?: boolean;
}

export interface Evidence {
  text: string;
  label?: "true" | "false" | "unknown";
}

export interface EvidenceRequest {
  prompt: string;
  n?: number;
  seed?: number;
  temperature?: number;
  max_tokens?: number;
  cut?: "clause" | "name" | "word";
  sentences: Array<Evidence>;
}

export interface FewShotRequest {
  rows: Array<[string, string]>;
  queries: Array<[string, string]>;
  input_prefix?: string;
  separator?: string;
  output_prefix?: string;
  row_separator?: string;
  shots?: Array<number>;
  controls?: Array<"shuffled" | "format" | "random" | "order">;
  options?: Array<string>;
  seed?: number;
}

export interface InstructedRequest {
  question: string;
  n?: number;
  seed?: number;
  temperature?: number;
  max_tokens?: number;
  expected?: string | null;
  system?: string;
}

export interface LoadRequest {
  name: string;
}

export interface NextTokenRequest {
  ids?: Array<number> | null;
  prompt?: string | null;
  top?: number;
  roll?: number | null;
}

export interface OpenAICompletionRequest {
  temperature?: number;
  top_p?: number;
  min_p?: number;
  repetition_penalty?: number;
  frequency_penalty?: number;
  presence_penalty?: number;
  seed?: number | null;
  ignore_eos?: boolean;
  model?: string | null;
  prompt: string | Array<number> | Array<string> | Array<Array<number>>;
  max_tokens?: number;
  top_k?: number;
  n?: number;
  best_of?: number | null;
  stop?: Array<string>;
  logprobs?: number | null;
  echo?: boolean;
  stream?: boolean;
  stream_options?: StreamOptions;
  add_special_tokens?: boolean;
  suffix?: string;
  logit_bias?: Record<string, unknown>;
}

export interface OwnMistakeRequest {
  prompt: string;
  n?: number;
  seed?: number;
  temperature?: number;
  max_tokens?: number;
  cut?: "clause" | "name" | "word";
  forced: string;
  watch?: Array<string>;
}

export interface PerturbRequest {
  text: string;
  prefix?: number;
  start: number;
  end: number;
  replacement: string;
  length?: number;
}

export interface ReciteRequest {
  text: string;
  prefix?: number;
  length?: number;
  swapped?: boolean;
}

export interface RepeatedTokensRequest {
  length?: number;
  seed?: number;
}

export interface ScoreRequest {
  ids?: Array<number> | null;
  prompt?: string | null;
  top?: number;
}

export interface ShiftRequest {
  question: string;
  answer: string;
  templates: Array<string>;
}

export interface StreamOptions {
  include_usage?: boolean;
}

export interface SweepRequest {
  text: string;
  longest?: number;
  steps?: number;
  swapped?: boolean;
}

export interface TokenizeRequest {
  text: string;
  encoding?: string;
  special?: "text" | "parse";
}

export interface TraceRequest {
  text: string;
}

export interface Turn {
  question: string;
  answer: string;
}

export interface UniversesRequest {
  prompt: string;
  n?: number;
  seed?: number;
  temperature?: number;
  max_tokens?: number;
  cut?: "clause" | "name" | "word";
}

export namespace regurgitation {
  export type FinishReason = "end-of-text" | "stop-string" | "length" | "context-full" | "timeout";

  export interface Opening {
    kind: "opening";
    changed: boolean;
    ids: Array<number>;
    bytes: Array<string>;
    bits: Array<number | null>;
    mean_bits: number;
    run: number;
    total: number;
  }

  export interface Passage {
    kind: "passage";
    ids: Array<number>;
    bytes: Array<string>;
  }

  export interface Recall {
    kind: "recall";
    bits: Array<number | null>;
    ranks: Array<number | null>;
    instead: Array<string>;
    mean_bits: number;
    second_half_bits: number;
    second_half_probability: number;
    second_half_rank: number;
    extracted: number | null;
  }

  export interface Recital {
    kind: "recital";
    prefix: number;
    ids: Array<number>;
    bytes: Array<string>;
    run: number;
    equal: number;
    total: number;
    stretches: Array<Stretch>;
    finish_reason: FinishReason | null;
  }

  export interface Stretch {
    same: boolean;
    original: [number, number];
    written: [number, number];
  }

  export interface Sweep {
    kind: "sweep";
    steps: number;
    runs: Array<number>;
    possible: Array<number>;
  }

  export interface TokenView {
    id: number;
    bytes: string;
  }

  export interface Written {
    kind: "written";
    done: number;
    total: number;
    token: TokenView;
  }

  export type News = [kind: "opening", data: Opening] | [kind: "passage", data: Passage] | [kind: "recall", data: Recall] | [kind: "recital", data: Recital] | [kind: "sweep", data: Sweep] | [kind: "written", data: Written];
}

export namespace hallucination {
  export interface Agreement {
    groups: Array<Group>;
    largest: number;
    pairwise: number;
    semantic_entropy_bits: number;
  }

  export interface Branch {
    parent: number;
    depth: number;
    token_id: number;
    probability: number;
    width: number;
    rest: number;
    sequences: Array<number>;
  }

  export interface DrawnAnswer {
    sequence: number;
    text: string;
    token_ids: Array<number>;
    logprobs: Array<number>;
  }

  export interface EvidenceStep {
    kind: "step";
    index: number;
    sentence: string;
    label: string;
    prompt: string;
    prompt_tokens: number;
    entropy_bits: number;
    model_entropy_bits: number;
    answers: Array<DrawnAnswer>;
    agreement: Agreement;
  }

  export type FinishReason = "end-of-text" | "stop-string" | "length" | "context-full" | "timeout";

  export interface FirstToken {
    token: TokenView;
    raw_logprob: number;
    probability: number;
  }

  export interface Forced {
    kind: "forced";
    tokens: Array<TokenView>;
    raw_logprobs: Array<number>;
    ranks: Array<number>;
    probability: number;
  }

  export interface Group {
    key: string;
    text: string;
    count: number;
    share: number;
    sequences: Array<number>;
  }

  export interface Mention {
    word: string;
    count: number;
  }

  export interface Opening {
    kind: "opening";
    side: string;
    prompt: string;
    tokens: Array<TokenView>;
    entropy_bits: number;
    model_entropy_bits: number;
    first: Array<FirstToken>;
    others: number;
  }

  export interface Outcome {
    kind: "outcome";
    side: string;
    n: number;
    temperature: number;
    universes: Array<Universe>;
    agreement: Agreement;
    tree: Array<Branch>;
    tree_bytes: Array<string>;
    mentions: Array<Mention>;
  }

  export interface Round {
    kind: "round";
    done: number;
    total: number;
    side: string;
    tokens: Array<[number, string]>;
    answers: Array<[number, string, string]>;
  }

  export interface TokenView {
    id: number;
    bytes: string;
  }

  export interface Universe {
    sequence: number;
    token_ids: Array<number>;
    logprobs: Array<number>;
    text: string;
    answer: string;
    answer_tokens: number;
    finish_reason: FinishReason | null;
  }

  export type News = [kind: "forced", data: Forced] | [kind: "opening", data: Opening] | [kind: "outcome", data: Outcome] | [kind: "round", data: Round] | [kind: "step", data: EvidenceStep];
}

export namespace few_shot {
  export interface Answer {
    token_logprobs: Array<number>;
    logprob: number;
    share: number | null;
    greedy: string;
    right: boolean;
    prompt_tokens: number;
  }

  export interface Copies {
    kind: "copies";
    first: Array<number>;
    second: Array<number>;
    others: Array<number>;
    first_mean: number;
    second_mean: number;
    others_mean: number;
  }

  export interface Drawn {
    kind: "drawn";
    tokens: Array<TokenView>;
    others: Array<TokenView>;
  }

  export interface Examples {
    kind: "examples";
    line: "true" | "shuffled" | "format" | "random" | "order";
    rows: Array<[string, string]>;
    texts: Array<string>;
  }

  export interface OnePass {
    kind: "one_pass";
    line: "true" | "shuffled" | "format" | "random" | "order";
    dropped: number;
    logprobs: Array<number>;
  }

  export interface Point {
    kind: "point";
    line: "true" | "shuffled" | "format" | "random" | "order";
    shots: number;
    dropped: number;
    answers: Array<Answer>;
    logprob: number;
    probability: number;
    right: number;
  }

  export interface Questions {
    kind: "questions";
    prompts: Array<string>;
    answers: Array<string>;
    answer_tokens: Array<Array<TokenView>>;
    bos: boolean;
  }

  export interface TokenView {
    id: number;
    bytes: string;
  }

  export type News = [kind: "copies", data: Copies] | [kind: "drawn", data: Drawn] | [kind: "examples", data: Examples] | [kind: "one_pass", data: OnePass] | [kind: "point", data: Point] | [kind: "questions", data: Questions];
}

export namespace assistant {
  export interface Answer {
    tokens: Array<TokenView>;
    shown: string;
    own: string;
    next_line: string | null;
    finish_reason: FinishReason | null;
    at_once: boolean;
    answered: boolean | null;
  }

  export interface Answers {
    kind: "answers";
    side: "dressed" | "bare" | "instructed";
    answers: Array<Answer>;
    answered: number | null;
  }

  export interface Document {
    kind: "document";
    side: "dressed" | "bare" | "instructed";
    model: string;
    text: string;
    pieces: Array<Piece>;
    tokens: Array<TokenView>;
    special: Array<boolean>;
    bos: boolean;
    dropped: number;
    injected: Array<string>;
  }

  export type FinishReason = "end-of-text" | "stop-string" | "length" | "context-full" | "timeout";

  export interface Mover {
    token: TokenView;
    dressed: number;
    bare: number;
  }

  export interface Piece {
    role: "header" | "question" | "mark" | "answer";
    text: string;
  }

  export interface Shift {
    kind: "shift";
    costume: number;
    index: number;
    token: TokenView;
    kl_bits: number;
    logprob: number;
    bare_logprob: number;
    rank: number;
    bare_rank: number;
    favourite: TokenView;
    favourite_bare_rank: number;
    movers: Array<Mover>;
  }

  export interface TokenView {
    id: number;
    bytes: string;
  }

  export interface Written {
    kind: "written";
    done: number;
    total: number;
    side: "dressed" | "bare" | "instructed";
    sequence: number;
    token: TokenView;
  }

  export type News = [kind: "answers", data: Answers] | [kind: "document", data: Document] | [kind: "shift", data: Shift] | [kind: "written", data: Written];
}

export interface News {
  "recite": regurgitation.News;
  "prefix-sweep": regurgitation.News;
  "perturb": regurgitation.News;
  "universes": hallucination.News;
  "evidence": hallucination.News;
  "own-mistake": hallucination.News;
  "few-shot": few_shot.News;
  "repeated-tokens": few_shot.News;
  "dressed": assistant.News;
  "costume-shift": assistant.News;
  "instructed": assistant.News;
}
