#include "check.h"

#include "kernels/batcher.h"
#include "kernels/kernel_computer.h"

#include <atomic>
#include <cstdlib>
#include <thread>

namespace sotto::kernels::tests {

namespace {

// The model that the project trains; without it these tests pass over themselves.
const model * demonstration() {
    static const std::unique_ptr<model> loaded = []() -> std::unique_ptr<model> {
        const char * path = std::getenv("SOTTO_MODEL");
        if (!path || !*path) return nullptr;
        const model_file file(path);
        return std::make_unique<model>(file);
    }();
    return loaded.get();
}

// The end of text is out of reach: what is grown is as long as it may be.
sampler_vocabulary endless(const model & from) {
    sampler_vocabulary vocabulary;
    vocabulary.size            = from.dimensions.vocabulary;
    vocabulary.end_of_text     = 50257;
    vocabulary.timestamp_begin = 50364;
    return vocabulary;
}

std::unique_ptr<batcher> batcher_of(const model & from, const sampler_vocabulary & vocabulary, int threads, int slots) {
    auto team = std::make_unique<thread_team>(threads);
    auto computer = std::make_unique<kernel_computer>(from, *team, slots);
    return std::make_unique<batcher>(std::move(team), std::move(computer), vocabulary, from.dimensions.text_context);
}

constexpr int32_t POSITIONS = 300; // 6 s, the longest
constexpr int32_t START = 50258;

std::vector<float> mel_of(const model & from, int window) {
    auto mel = make(values::normal, 2 * POSITIONS * from.dimensions.mels, static_cast<uint32_t>(window + 1));
    for (float & x : mel) x *= 0.5f;
    return mel;
}

std::vector<int32_t> prompt_of(int window) {
    std::vector<int32_t> prompt;
    if (window % 3 == 2) {
        for (int i = 0; i < 30 + 13 * (window % 7); ++i) prompt.push_back(100 + (window * 17 + i * 5) % 3000);
    }
    prompt.insert(prompt.end(), { START, START + 1 + window % 5, 50359 });
    return prompt;
}

growth_rules rules_of(int window) {
    growth_rules rules;
    rules.sampling   = { window % 4 != 3, 50, window % 2 == 0 ? 0.0f : 0.2f * static_cast<float>(window % 5) };
    rules.seed       = static_cast<uint32_t>(window);
    rules.candidates = window % 2 == 0 ? 1 : 1 + window % 5;
    rules.most       = 6 + window % 30;
    return rules;
}

struct heard {
    std::vector<float> start;
    grown_text         text;
    std::vector<float> queries;
};

bool operator==(const heard & a, const heard & b) {
    return a.start == b.start && a.text.ids == b.text.ids && a.text.logprobs == b.text.logprobs && a.text.ended == b.text.ended &&
           a.queries == b.queries;
}

// All that a window goes through.
heard hear(batcher & batch, const model & from, int window) {
    heard result;
    const auto mel = mel_of(from, window);
    const auto prompt = prompt_of(window);
    const int slot = batch.take_slot(nullptr);
    check(batch.encode(slot, mel.data(), POSITIONS - 31 * (window % 9), nullptr) == ending::done, "encode");
    result.start.resize(static_cast<size_t>(from.dimensions.vocabulary));
    check(batch.logits_after(slot, &START, 1, result.start.data(), nullptr) == ending::done, "logits");
    const growth_rules rules = rules_of(window);
    int64_t sample_us = 0;
    check(batch.grow(slot, prompt.data(), static_cast<int>(prompt.size()), rules, result.text, sample_us, nullptr) == ending::done, "grow");
    // As the ladder does: again, with the prompt in the cache.
    grown_text again;
    check(batch.grow(slot, prompt.data(), static_cast<int>(prompt.size()), rules, again, sample_us, nullptr) == ending::done, "grow again");
    check(again.ids == result.text.ids && again.logprobs == result.text.logprobs, "a second time it is another text");
    if (window % 3 == 0) {
        const auto & ids = result.text.ids;
        check(batch.read_queries(slot, ids.data(), static_cast<int>(ids.size()), { { 1, 0 }, { 0, 1 } }, result.queries, nullptr) == ending::done,
              "queries");
    }
    batch.give_slot(slot);
    return result;
}

} // namespace

SOTTO_TEST(windows_decoded_together_are_those_of_each_alone) {
    const model * from = demonstration();
    if (!from) return;
    const sampler_vocabulary vocabulary = endless(*from);
    constexpr int WINDOWS = 24;
    std::vector<heard> alone;
    {
        const auto made = batcher_of(*from, vocabulary, 1, 1);
        batcher & batch = *made;
        for (int window = 0; window < WINDOWS; ++window) alone.push_back(hear(batch, *from, window));
    }
    for (int window = 1; window < WINDOWS; ++window) {
        check(!(alone[static_cast<size_t>(window)].start == alone[0].start), "windows are alike: nothing mixed up would be seen");
    }
    // Fewer slots than callers, so that some wait for one.
    const auto made = batcher_of(*from, vocabulary, 2, 5);
    batcher & batch = *made;
    std::vector<heard> together(WINDOWS);
    std::vector<std::string> errors(WINDOWS);
    std::atomic<int> next { 0 };
    std::vector<std::thread> callers;
    for (int caller = 0; caller < 8; ++caller) {
        callers.emplace_back([&] {
            for (int window = next++; window < WINDOWS; window = next++) {
                try {
                    together[static_cast<size_t>(window)] = hear(batch, *from, window);
                } catch (const std::exception & error) {
                    errors[static_cast<size_t>(window)] = error.what();
                }
            }
        });
    }
    for (std::thread & caller : callers) caller.join();
    for (int window = 0; window < WINDOWS; ++window) {
        const size_t i = static_cast<size_t>(window);
        check(errors[i].empty(), "window " + std::to_string(window) + ": " + errors[i]);
        check(together[i] == alone[i], "window " + std::to_string(window) + " differs from itself alone");
    }
}

SOTTO_TEST(a_candidate_is_what_it_is_alone_and_the_likeliest_is_kept) {
    const model * from = demonstration();
    if (!from) return;
    const sampler_vocabulary vocabulary = endless(*from);
    const auto made = batcher_of(*from, vocabulary, 1, 1);
    batcher & batch = *made;
    const auto mel = mel_of(*from, 1);
    const auto prompt = prompt_of(1);
    const int slot = batch.take_slot(nullptr);
    check(batch.encode(slot, mel.data(), POSITIONS, nullptr) == ending::done, "encode");
    growth_rules rules;
    rules.sampling = { true, 50, 0.9f };
    rules.most     = 12;
    int64_t sample_us = 0;
    grown_text best;
    for (uint32_t seed = 3; seed < 8; ++seed) {
        grown_text text;
        rules.seed = seed;
        check(batch.grow(slot, prompt.data(), 3, rules, text, sample_us, nullptr) == ending::done, "grow");
        if (seed == 3 || text.mean_logprob() > best.mean_logprob()) best = text;
    }
    grown_text chosen;
    rules.seed       = 3;
    rules.candidates = 5;
    check(batch.grow(slot, prompt.data(), 3, rules, chosen, sample_us, nullptr) == ending::done, "grow");
    check(chosen.ids == best.ids && chosen.logprobs == best.logprobs, "another candidate was kept");
    batch.give_slot(slot);
}

SOTTO_TEST(cancelled_windows_leave_the_others_as_they_are) {
    const model * from = demonstration();
    if (!from) return;
    const sampler_vocabulary vocabulary = endless(*from);
    const auto made = batcher_of(*from, vocabulary, 2, 4);
    batcher & batch = *made;
    const heard expected = hear(batch, *from, 1);
    int32_t stop = 0;
    std::atomic<bool> has_failed { false };
    std::vector<std::thread> callers;
    for (int caller = 0; caller < 3; ++caller) {
        callers.emplace_back([&, caller] {
            const auto mel = mel_of(*from, 50 + caller);
            const auto prompt = prompt_of(caller);
            growth_rules rules = rules_of(caller);
            rules.most = 224;
            int64_t sample_us = 0;
            // Until it is cancelled, wherever that meets it.
            while (true) {
                const int slot = batch.take_slot(&stop);
                if (slot < 0) return;
                ending how = batch.encode(slot, mel.data(), POSITIONS, &stop);
                grown_text text;
                if (how == ending::done) how = batch.grow(slot, prompt.data(), static_cast<int>(prompt.size()), rules, text, sample_us, &stop);
                batch.give_slot(slot);
                if (how != ending::done && how != ending::cancelled) has_failed = true;
                if (how != ending::done) return;
            }
        });
    }
    bool differs = false;
    for (int i = 0; i < 3; ++i) differs = differs || !(hear(batch, *from, 1) == expected);
    __atomic_store_n(&stop, 1, __ATOMIC_RELAXED);
    for (std::thread & caller : callers) caller.join();
    check(!differs, "a window differs beside others that are cancelled");
    check(!has_failed, "a cancelled call failed");
    check(hear(batch, *from, 1) == expected, "a window differs after others were cancelled");
    check(batch.take_slot(&stop) == -1, "a cancelled caller got a slot");
}

SOTTO_TEST(windows_that_are_encoded_and_texts_that_grow_do_not_starve_each_other) {
    const model * from = demonstration();
    if (!from) return;
    const sampler_vocabulary vocabulary = endless(*from);
    const int32_t positions = from->dimensions.audio_context;
    const auto mel = make(values::normal, 2 * positions * from->dimensions.mels, 9);
    const auto made = batcher_of(*from, vocabulary, 2, 4);
    batcher & batch = *made;
    growth_rules rules;
    rules.most = 10;
    const auto prompt = prompt_of(0);
    // Two callers of each kind: one of their windows is always waiting. An encoding takes one turn at least and as many as it has
    // parts at most, a text as many as it has tokens: by the time that a hundred of one kind are done, three of the other are.
    constexpr int ENOUGH = 3, MOST = 100;
    std::atomic<int> encoded { 0 }, grown { 0 };
    std::atomic<bool> is_over { false };
    const auto both = [&] { return encoded >= ENOUGH && grown >= ENOUGH; };
    std::vector<std::thread> callers;
    for (int caller = 0; caller < 4; ++caller) {
        callers.emplace_back([&, caller] {
            const int slot = batch.take_slot(nullptr);
            const bool encodes = caller % 2 == 0;
            ending how = batch.encode(slot, mel.data(), 50, nullptr);
            while (how == ending::done && !both() && !is_over) {
                grown_text text;
                int64_t sample_us = 0;
                how = encodes ? batch.encode(slot, mel.data(), positions, nullptr)
                              : batch.grow(slot, prompt.data(), static_cast<int>(prompt.size()), rules, text, sample_us, nullptr);
                if (++(encodes ? encoded : grown) > MOST) is_over = true;
            }
            if (how != ending::done) is_over = true;
            batch.give_slot(slot);
        });
    }
    for (std::thread & caller : callers) caller.join();
    check(both(), std::to_string(encoded) + " windows were encoded while " + std::to_string(grown) + " texts were grown");
}

SOTTO_TEST(neither_a_token_nor_a_position_allocates) {
    const model * from = demonstration();
    if (!from) return;
    const sampler_vocabulary vocabulary = endless(*from);
    const int32_t positions = from->dimensions.audio_context;
    const auto mel = make(values::normal, 2 * positions * from->dimensions.mels, 9);
    const auto made = batcher_of(*from, vocabulary, 2, 1);
    batcher & batch = *made;
    const int slot = batch.take_slot(nullptr);
    const auto encode = [&](int32_t count) { check(batch.encode(slot, mel.data(), count, nullptr) == ending::done, "encode"); };
    const auto grow = [&](float temperature, int32_t most) {
        growth_rules rules;
        rules.sampling = { true, 50, temperature };
        rules.candidates = temperature > 0.0f ? 2 : 1;
        rules.most = most;
        grown_text text;
        int64_t sample_us = 0;
        const auto prompt = prompt_of(0);
        check(batch.grow(slot, prompt.data(), static_cast<int>(prompt.size()), rules, text, sample_us, nullptr) == ending::done, "grow");
    };
    const auto count = [](const auto & work) {
        const int64_t before = allocations();
        work();
        return allocations() - before;
    };
    encode(50);
    check(count([&] { encode(positions); }) == count([&] { encode(50); }), "positions allocate");
    for (const float temperature : { 0.0f, 0.8f }) {
        grow(temperature, 10);
        const int64_t few = count([&] { grow(temperature, 10); });
        check(few > 0, "allocations are not counted");
        check(count([&] { grow(temperature, 200); }) == few, "tokens allocate");
    }
    batch.give_slot(slot);
}

} // namespace sotto::kernels::tests
