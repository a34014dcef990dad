// Properties of characters as Rust's standard library and Hugging Face's tokenizers see them. Their tables are of
// different ages (some of Unicode 8); ours are made of theirs (tools/make_character_classes.py).
#pragma once

namespace weft {

bool is_white_space(char32_t code);      // the property White_Space
bool is_numeric(char32_t code);          // general category N
bool is_decimal(char32_t code);          // general category Nd
bool is_punctuation(char32_t code);      // general category P; of ASCII all but letters, digits, space and controls
bool is_nonspacing_mark(char32_t code);  // general category Mn
bool is_mark(char32_t code);             // general category M
bool is_other(char32_t code);            // control, format or private use
// \w of Oniguruma: letters and what behaves like them, marks, decimal digits, connectors.
bool is_word_character(char32_t code);
// The blocks that BERT's tokenizer sets apart.
bool is_bert_ideograph(char32_t code);

}  // namespace weft
