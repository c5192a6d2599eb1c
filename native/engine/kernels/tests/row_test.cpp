#include "check.h"

#include "kernels/half.h"
#include "kernels/pack.h"

namespace sotto::kernels::tests {

SOTTO_TEST(layer_norm_of_every_value_and_size) {
    for (const int64_t count : { 1, 2, 7, 8, 16, 17, 64, 128, 384, 512, 1280 }) {
        for (const values kind : ALL_VALUES) {
            // Beyond float's range when squared, as it is upstream.
            if (kind == values::huge && count > 1) continue;
            const auto x = make(kind, count, 1), gamma = make(values::normal, count, 2), beta = make(values::normal, count, 3);
            const auto run = [&](const kernel_table & table) {
                std::vector<float> out(static_cast<size_t>(count));
                table.layer_norm(x.data(), gamma.data(), beta.data(), count, out.data());
                return out;
            };
            const auto expected = run(plain_table());
            each_table([&](const kernel_table & table) { check_near(run(table), expected, 2e-5, "layer norm"); });
        }
    }
}

SOTTO_TEST(gelu_of_every_value) {
    for (const int64_t count : { 1, 5, 8, 16, 33, 1000 }) {
        for (const values kind : ALL_VALUES) {
            const auto run = [&](const kernel_table & table) {
                auto x = make(kind, count, 1);
                table.gelu(x.data(), count);
                return x;
            };
            const auto expected = run(plain_table());
            each_table([&](const kernel_table & table) { check_near(run(table), expected, 1e-6, "gelu"); });
        }
    }
    // Absolute, where it bends.
    std::vector<float> x;
    for (float at = -12.0f; at < 12.0f; at += 0.01f) x.push_back(at);
    auto expected = x;
    plain_table().gelu(expected.data(), static_cast<int64_t>(x.size()));
    each_table([&](const kernel_table & table) {
        auto came = x;
        table.gelu(came.data(), static_cast<int64_t>(x.size()));
        for (size_t i = 0; i < x.size(); ++i) check(std::fabs(came[i] - expected[i]) < 2e-6f, "gelu of " + std::to_string(x[i]));
    });
}

SOTTO_TEST(unpacked_rows_are_near_what_was_packed) {
    const int64_t rows = 130, columns = 200;
    const auto w = make(values::normal, rows * columns, 1);
    packed_int8 packed(rows, columns);
    for (int64_t row = 0; row < rows; ++row) packed.set_row(row, w.data() + row * columns, columns);
    const auto position = make(values::normal, padded(columns, COLUMN_PAD), 2);
    each_table([&](const kernel_table & table) {
        for (int64_t row = 0; row < rows; ++row) {
            std::vector<float> out(position.size());
            table.unpack_row(packed.weights(), row, position.data(), out.data());
            for (int64_t i = 0; i < columns; ++i) {
                const double exact = w[static_cast<size_t>(row * columns + i)] + position[static_cast<size_t>(i)];
                check(std::fabs(out[static_cast<size_t>(i)] - exact) < 0.02, "a row of the embedding is off");
            }
        }
    });
}

SOTTO_TEST(halves_are_those_of_the_processor) {
    std::vector<float> x = { 0.0f, -0.0f, 1.0f, -2.5f, 65504.0f, 65519.0f, 65520.0f, 1e30f, -1e30f, INFINITY, -INFINITY, 6.1e-5f,
                             5.96e-8f, 2.98e-8f, 2.99e-8f, 1e-10f, 1.0009765625f, 1.00048828125f, 1.00146484375f };
    const auto more = make(values::normal, 45 + 64 * 50, 1);
    x.insert(x.end(), more.begin(), more.end());
    for (size_t i = 64; i + 64 <= x.size(); ++i) x[i] *= std::pow(2.0f, static_cast<float>(i % 40) - 25.0f);
    each_table([&](const kernel_table & table) {
        for (size_t at = 0; at + 64 <= x.size(); at += 64) {
            uint16_t came[64];
            table.append(x.data() + at, came);
            for (size_t i = 0; i < 64; ++i) {
                check(came[i] == half_of(x[at + i]), "half of " + std::to_string(x[at + i]));
                check(float_of(came[i]) == x[at + i] || half_of(float_of(came[i])) == came[i], "half and back");
            }
        }
    });
}

SOTTO_TEST(maximum_and_sum_of_exponentials) {
    for (const int64_t count : { 0, 1, 7, 16, 63, 64, 100, 51865 }) {
        for (const values kind : ALL_VALUES) {
            auto x = make(kind, count, 1);
            for (size_t i = 0; i < x.size(); i += 5) x[i] = -INFINITY;
            for (size_t i = 3; i < x.size(); i += 17) x[i] = NAN;
            each_table([&](const kernel_table & table) {
                const float top = plain_table().maximum(x.data(), count);
                check(table.maximum(x.data(), count) == top, "the maximum differs");
                if (!std::isfinite(top)) return;
                for (const float temperature : { 1.0f, 0.2f }) {
                    const double expected = plain_table().sum_exp(x.data(), count, top, temperature);
                    const double came = table.sum_exp(x.data(), count, top, temperature);
                    check(std::fabs(came - expected) <= 1e-5 * expected, "the sum differs");
                }
            });
        }
    }
}

} // namespace sotto::kernels::tests
