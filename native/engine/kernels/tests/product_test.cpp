#include "check.h"

#include "kernels/pack.h"

namespace sotto::kernels::tests {

namespace {

struct tokens_of {
    aligned_array<int8_t>  values;
    aligned_array<float>   scales;
    aligned_array<int32_t> sums;
    int8_tokens            tokens;

    tokens_of(const kernel_table & table, const std::vector<float> & x, int64_t count, int64_t columns)
        : values(count * padded(columns, COLUMN_PAD)), scales(count), sums(count) {
        tokens = { values.data(), scales.data(), sums.data(), padded(columns, COLUMN_PAD) };
        for (int64_t token = 0; token < count; ++token) table.quantize(x.data() + token * columns, columns, tokens, token);
    }
};

packed_int8 pack(const std::vector<float> & w, int64_t rows, int64_t columns) {
    packed_int8 packed(rows, columns);
    for (int64_t row = 0; row < rows; ++row) packed.set_row(row, w.data() + row * columns, columns);
    return packed;
}

struct shape {
    int64_t rows, columns, tokens;
};

void compare_int8(const shape & s, values weights_kind, values tokens_kind, int then_what) {
    const auto w = make(weights_kind, s.rows * s.columns, 1);
    const auto x = make(tokens_kind, s.tokens * s.columns, 2);
    const auto bias = make(values::normal, panels_of(s.rows) * PANEL, 3);
    const auto residual = make(values::normal, s.rows * s.tokens, 4);
    const packed_int8 packed = pack(w, s.rows, s.columns);
    const auto run = [&](const kernel_table & table) {
        const tokens_of tokens(table, x, s.tokens, s.columns);
        std::vector<float> out(static_cast<size_t>(s.rows * s.tokens), 7.0f);
        epilogue then;
        then.bias = then_what & 1 ? bias.data() : nullptr;
        then.gelu = (then_what & 2) != 0;
        then.residual = then_what & 4 ? residual.data() : nullptr;
        then.residual_stride = then.out_stride = s.rows;
        then.out = out.data();
        table.int8_product(packed.weights(), 0, panels_of(s.rows), tokens.tokens, 0, s.tokens, then);
        return out;
    };
    const auto expected = run(plain_table());
    each_table([&](const kernel_table & table) {
        check_near(run(table), expected, 1e-5,
                   std::to_string(s.rows) + "x" + std::to_string(s.columns) + "x" + std::to_string(s.tokens) + ", values " +
                       std::to_string(static_cast<int>(weights_kind)) + "/" + std::to_string(static_cast<int>(tokens_kind)) +
                       ", epilogue " + std::to_string(then_what));
    });
}

} // namespace

SOTTO_TEST(int8_product_of_every_shape) {
    for (const int64_t rows : { 1, 15, 16, 63, 64, 65, 128, 200 }) {
        for (const int64_t columns : { 1, 4, 63, 64, 80, 128, 384 }) {
            for (const int64_t tokens : { 1, 2, 3, 5, 6, 7, 13 }) {
                compare_int8({ rows, columns, tokens }, values::normal, values::normal, 0);
            }
        }
    }
    for (int64_t tokens = 1; tokens <= 70; ++tokens) compare_int8({ 96, 128, tokens }, values::normal, values::normal, 7);
}

SOTTO_TEST(int8_product_of_extreme_values) {
    for (const values weights : ALL_VALUES) {
        for (const values tokens : ALL_VALUES) compare_int8({ 70, 132, 7 }, weights, tokens, 0);
    }
}

SOTTO_TEST(int8_product_with_every_epilogue) {
    for (int then = 0; then < 8; ++then) compare_int8({ 100, 64, 9 }, values::normal, values::normal, then);
}

// 255 * 127 in every byte: pairs of products do not fit 16 bits.
SOTTO_TEST(int8_product_does_not_saturate) {
    compare_int8({ 64, 5120, 3 }, values::constant, values::constant, 0);
    compare_int8({ 64, 5120, 3 }, values::random_signs, values::random_signs, 0);
}

SOTTO_TEST(int8_product_of_a_part_leaves_the_rest) {
    const int64_t rows = 200, columns = 64, count = 9;
    const auto w = make(values::normal, rows * columns, 1);
    const auto x = make(values::normal, count * columns, 2);
    const packed_int8 packed = pack(w, rows, columns);
    each_table([&](const kernel_table & table) {
        const tokens_of tokens(table, x, count, columns);
        std::vector<float> out(static_cast<size_t>(rows * count), 7.0f);
        epilogue then;
        then.out = out.data();
        then.out_stride = rows;
        table.int8_product(packed.weights(), 1, 2, tokens.tokens, 2, 5, then);
        for (int64_t token = 0; token < count; ++token) {
            for (int64_t row = 0; row < rows; ++row) {
                const bool inside = token >= 2 && token < 5 && row >= 64 && row < 128;
                check(inside == (out[static_cast<size_t>(token * rows + row)] != 7.0f), "wrote outside its part");
            }
        }
    });
}

// The bound of the whole: bytes for weights and tokens against the product of the floats themselves.
SOTTO_TEST(int8_product_is_near_that_of_floats) {
    const int64_t rows = 512, columns = 512, count = 32;
    const auto w = make(values::normal, rows * columns, 1);
    const auto x = make(values::normal, count * columns, 2);
    const packed_int8 packed = pack(w, rows, columns);
    each_table([&](const kernel_table & table) {
        const tokens_of tokens(table, x, count, columns);
        std::vector<float> out(static_cast<size_t>(rows * count));
        epilogue then;
        then.out = out.data();
        then.out_stride = rows;
        table.int8_product(packed.weights(), 0, panels_of(rows), tokens.tokens, 0, count, then);
        double error = 0.0, power = 0.0;
        for (int64_t token = 0; token < count; ++token) {
            for (int64_t row = 0; row < rows; ++row) {
                double exact = 0.0;
                for (int64_t i = 0; i < columns; ++i) {
                    exact += static_cast<double>(w[static_cast<size_t>(row * columns + i)]) * x[static_cast<size_t>(token * columns + i)];
                }
                const double difference = out[static_cast<size_t>(token * rows + row)] - exact;
                error += difference * difference;
                power += exact * exact;
            }
        }
        // Steps of max / 127 with max = 3.1 deviations: 0.7 % for each operand.
        check(std::sqrt(error / power) < 0.013, "relative error " + std::to_string(std::sqrt(error / power)));
    });
}

SOTTO_TEST(quantize_of_every_value_and_size) {
    for (const int64_t columns : { 1, 7, 8, 15, 16, 17, 64, 80, 384 }) {
        for (const values kind : ALL_VALUES) {
            const auto x = make(kind, columns, 5);
            const tokens_of expected(plain_table(), x, 1, columns);
            each_table([&](const kernel_table & table) {
                const tokens_of came(table, x, 1, columns);
                check(came.scales[0] == expected.scales[0] && came.sums[0] == expected.sums[0], "scale or sum differs");
                for (int64_t i = 0; i < came.values.size(); ++i) check(came.values[i] == expected.values[i], "a byte differs");
            });
        }
    }
}

SOTTO_TEST(quantize_of_what_is_not_finite) {
    for (const float bad : { NAN, INFINITY, -INFINITY }) {
        auto x = make(values::normal, 100, 6);
        x[3] = x[99] = bad;
        each_table([&](const kernel_table & table) {
            const tokens_of came(table, x, 1, 100);
            check(std::isfinite(came.scales[0]), "the scale is not finite");
            for (int64_t i = 0; i < 100; ++i) check(came.values[i] >= -127, "a byte is -128");
            if (std::isnan(bad)) check(came.values[3] == 0 && came.values[99] == 0 && came.scales[0] > 0.0f, "not passed over");
        });
    }
}

SOTTO_TEST(f32_product_of_every_shape) {
    for (const int64_t rows : { 1, 16, 64, 65, 130 }) {
        for (const int64_t columns : { 1, 3, 64, 240 }) {
            for (const int64_t tokens : { 1, 2, 3, 4, 5, 6, 7, 11 }) {
                for (const int64_t stride : { columns, columns / 3 + 1 }) {
                    const auto w = make(values::normal, rows * columns, 1);
                    const auto x = make(values::normal, tokens * stride + columns, 2);
                    const auto bias = make(values::normal, panels_of(rows) * PANEL, 3);
                    packed_f32 packed(rows, columns);
                    for (int64_t row = 0; row < rows; ++row) packed.set_row(row, w.data() + row * columns);
                    const auto run = [&](const kernel_table & table) {
                        std::vector<float> out(static_cast<size_t>(rows * tokens), 7.0f);
                        epilogue then;
                        then.bias = bias.data();
                        then.gelu = rows % 2 == 0;
                        then.out = out.data();
                        then.out_stride = rows;
                        table.f32_product(packed.weights(), 0, panels_of(rows), x.data(), stride, 0, tokens, then);
                        return out;
                    };
                    const auto expected = run(plain_table());
                    each_table([&](const kernel_table & table) { check_near(run(table), expected, 1e-5, "f32 product"); });
                }
            }
        }
    }
}

} // namespace sotto::kernels::tests
