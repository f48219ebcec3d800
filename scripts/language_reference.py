"""What sentence encoders should give, computed by the `transformers` library (pip install torch transformers).

    python3 scripts/language_reference.py tiny DIR      a random encoder of a few kB, and its embeddings, into DIR
    python3 scripts/language_reference.py model MODEL   embeddings of a published one, as JSON on standard output
    python3 scripts/language_reference.py sample MODEL  queries, keys and values of one head of each of its layers, into
                                                        datasets/language/

crates/astro/tests/attention/language/ holds what both wrote; tests compare.
"""

import json
import pathlib
import sys

import torch
from transformers import BertConfig, BertModel, BertTokenizerFast

TEXTS = [
    "This is an example sentence",
    "Each sentence is converted",
    "A",
    "Astrocytes ensheathe synapses; could they divide?",
    "Café naïve, ÅNGSTRÖM and Straße: accents go, ß stays.",
    "don't-split... (this) [or] {that}!?",
    "數學 and 数学 mixed\twith\u00a0spaces\u200b and\u0007 bells",
    "supercalifragilisticexpialidocious " * 3,
    "x" * 101 + " is too long for a word; 3.14159 is not",
    "When a query is read, the calcium that all keys have left behind divides what every synapse passes on, so that "
    "the output neurons carry a mean of the values, weighted by how well their keys agree with the query.",
]

WORDS = ["the", "and", "is", "a", "sentence", "that", "key", "##s", "##ing", "##ed", "quer", "##y", "syn", "##ap", "split", "naive", "cafe", "數", "学"]
SIGNS = list(".,;:!?()[]{}'-")
LETTERS = [chr(c) for c in range(ord("a"), ord("z") + 1) if chr(c) not in "qz"]
SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]


def embeddings(model, tokenizer, pooling):
    rows = []
    for text in TEXTS:
        batch = tokenizer(text, return_tensors="pt", truncation=True, max_length=model.config.max_position_embeddings)
        with torch.no_grad():
            state = model(**batch).last_hidden_state[0].double()
        pooled = state[0] if pooling == "first" else state.mean(0)
        pooled = pooled / pooled.norm()
        rows.append({"text": text, "tokens": batch["input_ids"][0].tolist(), "embedding": [round(x, 7) for x in pooled.tolist()]})
    return rows


def dump(rows):
    return "[\n" + ",\n".join(json.dumps(row, ensure_ascii=False) for row in rows) + "\n]\n"


def tiny(folder):
    folder.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(1)
    vocabulary = SPECIAL + SIGNS + LETTERS + ["##" + letter for letter in LETTERS] + WORDS
    (folder / "vocab.txt").write_text("\n".join(vocabulary) + "\n", encoding="utf-8")
    config = BertConfig(
        vocab_size=len(vocabulary), hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=24,
        max_position_embeddings=48, initializer_range=0.4,
    )
    model = BertModel(config, add_pooling_layer=False).eval()
    for name, values in model.named_parameters():
        if name.endswith("bias"):
            torch.nn.init.normal_(values, std=0.2)
    model.save_pretrained(folder)
    tokenizer = BertTokenizerFast(vocab_file=str(folder / "vocab.txt"), vocab=str(folder / "vocab.txt"), do_lower_case=True)
    (folder / "expected.json").write_text(dump(embeddings(model, tokenizer, "mean")), encoding="utf-8")
    (folder / "expected_first.json").write_text(dump(embeddings(model, tokenizer, "first")), encoding="utf-8")


def published(folder):
    model = BertModel.from_pretrained(folder, add_pooling_layer=False).eval()
    print(dump(embeddings(model, BertTokenizerFast.from_pretrained(folder), "mean")), end="")


def sample(folder):
    """Of the first twelve sequences of 32 tokens of the text that is held out; in half precision."""
    from safetensors.torch import save_file

    data = pathlib.Path(__file__).parent.parent / "datasets/language"
    model = BertModel.from_pretrained(folder, add_pooling_layer=False).eval()
    tokenizer = BertTokenizerFast.from_pretrained(folder)
    tokens = tokenizer((data / "held_out.txt").read_text(encoding="utf-8"), add_special_tokens=False)["input_ids"]
    ends = tokenizer.cls_token_id, tokenizer.sep_token_id
    batch = torch.tensor([[ends[0], *tokens[start : start + 30], ends[1]] for start in range(0, 12 * 30, 30)])
    captured = {}
    dim = model.config.hidden_size // model.config.num_attention_heads

    def keep(name):
        def hook(_, __, output):
            captured[name] = output[None, :, :, :dim].half().contiguous()

        return hook

    for number, layer in enumerate(model.encoder.layer, 1):
        for what in ("query", "key", "value"):
            getattr(layer.attention.self, what).register_forward_hook(keep(f"layer.{number}.{what}"))
    with torch.no_grad():
        model(batch)
    save_file(captured, data / "sample.safetensors")


if __name__ == "__main__":
    what, where = sys.argv[1:]
    {"tiny": tiny, "model": published, "sample": sample}[what](pathlib.Path(where))
