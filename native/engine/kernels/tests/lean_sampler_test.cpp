#include "check.h"

#include "kernels/lean_sampler.h"

namespace sotto::kernels::tests {

SOTTO_TEST(lean_sampler_chooses_what_the_sampler_chooses) {
    sampler_vocabulary vocabulary;
    vocabulary.size = 51865;
    vocabulary.end_of_text = 50257;
    vocabulary.timestamp_begin = 50364;
    vocabulary.blank = 220;
    for (int32_t id = 1; id < 50257; id += 700) vocabulary.non_speech.push_back(id);
    std::mt19937 random(1);
    each_table([&](const kernel_table & table) {
        for (const float temperature : { 0.0f, 0.2f, 1.0f }) {
            for (const bool timestamps : { true, false }) {
                for (const float spread : { 0.0f, 1.0f, 8.0f }) {
                    const sampler_rules rules = { timestamps, 50, temperature };
                    sampler plain(vocabulary, rules, 7);
                    lean_sampler lean(vocabulary, rules, 7, table);
                    for (int step = 0; step < 12; ++step) {
                        auto logits = make(values::normal, vocabulary.size, random());
                        for (float & x : logits) x *= spread;
                        if (step % 3 == 0) logits[50364 + 20 * step] += 30.0f; // a timestamp, now and then
                        if (step == 7) logits[100] = logits[5000] = 90.0f;     // two of the same size
                        if (step == 8) logits[77] = NAN;
                        if (step == 9) logits[78] = -INFINITY;
                        auto same = logits;
                        const sampled_token expected = plain.next(logits.data());
                        const sampled_token came = lean.next(same.data());
                        check(came.id == expected.id, "another token: " + std::to_string(came.id) + " for " + std::to_string(expected.id));
                        check(std::fabs(came.logprob - expected.logprob) <= 2e-5f * (1.0f + std::fabs(expected.logprob)), "another probability");
                    }
                }
            }
        }
        for (const float everything : { -INFINITY, NAN }) {
            sampler plain(vocabulary, {}, 7);
            lean_sampler lean(vocabulary, {}, 7, table);
            std::vector<float> logits(static_cast<size_t>(vocabulary.size), everything), same = logits;
            const sampled_token expected = plain.next(logits.data()), came = lean.next(same.data());
            check(came.id == expected.id && came.logprob == expected.logprob, "nothing to choose from");
        }
    });
}

} // namespace sotto::kernels::tests
