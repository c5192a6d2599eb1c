// The kernels as plain loops, written for reading: what the others are tested against, and what runs where none of them does.
#include "table.h"

#include "half.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

namespace sotto::kernels {

namespace {

void layer_norm(const float * x, const float * gamma, const float * beta, int64_t count, float * out) {
    double mean = 0.0;
    for (int64_t i = 0; i < count; ++i) mean += x[i];
    mean /= static_cast<double>(count);
    double variance = 0.0;
    for (int64_t i = 0; i < count; ++i) variance += (x[i] - mean) * (x[i] - mean);
    const double scale = 1.0 / std::sqrt(variance / static_cast<double>(count) + 1e-5);
    for (int64_t i = 0; i < count; ++i) out[i] = static_cast<float>((x[i] - mean) * scale * gamma[i] + beta[i]);
}

float bound_of(const float * x, const float * mean, int64_t count) {
    float bound = 0.0f;
    for (int64_t i = 0; i < count; ++i) {
        const float value = std::fabs(mean ? x[i] - mean[i] : x[i]);
        if (value > bound) bound = value; // never true of what is not a number
    }
    return std::min(bound, 3.0e38f);
}

float inverse_of(float bound) { return bound > 1e-30f ? 127.0f / bound : 0.0f; }
float scale_of(float bound) { return bound > 1e-30f ? bound / 127.0f : 0.0f; }

int8_t byte_of(float value, float inverse) {
    const float scaled = (std::isnan(value) ? 0.0f : value) * inverse;
    return static_cast<int8_t>(std::nearbyint(std::isnan(scaled) ? -127.0f : std::clamp(scaled, -127.0f, 127.0f)));
}

void quantize(const float * x, int64_t count, int8_tokens & tokens, int64_t token) {
    const float bound = bound_of(x, nullptr, count);
    int8_t * bytes = tokens.values + token * tokens.stride;
    int32_t sum = 0;
    for (int64_t i = 0; i < tokens.stride; ++i) {
        bytes[i] = i < count ? byte_of(x[i], inverse_of(bound)) : static_cast<int8_t>(0);
        sum += bytes[i];
    }
    tokens.scales[token] = scale_of(bound);
    tokens.sums[token] = 128 * sum;
}

float gelu(float x) {
    return static_cast<float>(0.5 * x * (1.0 + std::tanh(0.7978845608028654 * (x + 0.044715 * x * x * x))));
}

void gelu_row(float * x, int64_t count) {
    for (int64_t i = 0; i < count; ++i) x[i] = gelu(x[i]);
}

void finish(double y, const epilogue & then, int64_t row, int64_t token) {
    if (then.bias) y += then.bias[row];
    if (then.gelu) y = gelu(static_cast<float>(y));
    if (then.residual) y += then.residual[token * then.residual_stride + row];
    then.out[token * then.out_stride + row] = static_cast<float>(y);
}

void int8_product(const int8_weights & weights, int64_t first_panel, int64_t last_panel, const int8_tokens & tokens,
                  int64_t first_token, int64_t last_token, const epilogue & then) {
    for (int64_t token = first_token; token < last_token; ++token) {
        for (int64_t row = first_panel * PANEL; row < std::min(last_panel * PANEL, weights.rows); ++row) {
            int64_t sum = 0;
            for (int64_t column = 0; column < weights.columns; ++column) {
                sum += (weights.packed[int8_index(row, column, weights.columns)] - 128) *
                       tokens.values[token * tokens.stride + column];
            }
            finish(static_cast<double>(sum) * weights.scales[row] * tokens.scales[token], then, row, token);
        }
    }
}

void f32_product(const f32_weights & weights, int64_t first_panel, int64_t last_panel, const float * x, int64_t stride,
                 int64_t first_token, int64_t last_token, const epilogue & then) {
    for (int64_t token = first_token; token < last_token; ++token) {
        for (int64_t row = first_panel * PANEL; row < std::min(last_panel * PANEL, weights.rows); ++row) {
            const float * w = weights.packed + row / PANEL * weights.panel_floats() + row % PANEL;
            double sum = 0.0;
            for (int64_t column = 0; column < weights.columns; ++column) {
                sum += static_cast<double>(w[column * PANEL]) * x[token * stride + column];
            }
            finish(sum, then, row, token);
        }
    }
}

// In place; scores are e^(scale (score - maximum)) / sum afterwards.
void softmax(std::vector<double> & scores) {
    double best = -std::numeric_limits<double>::infinity();
    for (const double score : scores) best = std::max(best, score);
    double sum = 0.0;
    for (double & score : scores) sum += score = std::exp(score - best);
    for (double & score : scores) score /= sum;
}

void encoder_attention(const float * queries, int64_t query_stride, const float * keys, const float * values,
                       int64_t positions, int64_t first, int64_t last, float * out, int64_t out_stride, float *) {
    std::vector<double> weights(static_cast<size_t>(positions));
    for (int64_t query = first; query < last; ++query) {
        for (int64_t position = 0; position < positions; ++position) {
            const float * key = keys + position / PANEL * PANEL * HEAD + position % PANEL;
            double score = 0.0;
            for (int dim = 0; dim < HEAD; ++dim) score += static_cast<double>(queries[query * query_stride + dim]) * key[dim * PANEL];
            weights[static_cast<size_t>(position)] = score / 8.0;
        }
        softmax(weights);
        for (int dim = 0; dim < HEAD; ++dim) {
            double sum = 0.0;
            for (int64_t position = 0; position < positions; ++position) {
                sum += weights[static_cast<size_t>(position)] * values[position * HEAD + dim];
            }
            out[query * out_stride + dim] = static_cast<float>(sum);
        }
    }
}

void pack_keys(const float * keys, int64_t stride, int64_t first, int64_t last, float * packed) {
    for (int64_t position = first; position < padded(last, PANEL); ++position) {
        for (int dim = 0; dim < HEAD; ++dim) {
            packed[position / PANEL * PANEL * HEAD + dim * PANEL + position % PANEL] =
                position < last ? keys[position * stride + dim] : 0.0f;
        }
    }
}

void pack_values(const float * values, int64_t stride, int64_t first, int64_t last, float * packed) {
    for (int64_t position = first; position < padded(last, PANEL); ++position) {
        for (int channel = 0; channel < HEAD; ++channel) {
            packed[position * HEAD + channel] = position < last ? values[position * stride + channel] : 0.0f;
        }
    }
}

void append(const float * from, uint16_t * to) {
    for (int dim = 0; dim < HEAD; ++dim) to[dim] = half_of(from[dim]);
}

void self_attention(const float * query, const uint16_t * keys, const uint16_t * values, int64_t length, float * out, float *) {
    std::vector<double> weights(static_cast<size_t>(length));
    for (int64_t position = 0; position < length; ++position) {
        double score = 0.0;
        for (int dim = 0; dim < HEAD; ++dim) score += static_cast<double>(query[dim]) * float_of(keys[position * HEAD + dim]);
        weights[static_cast<size_t>(position)] = score / 8.0;
    }
    softmax(weights);
    for (int dim = 0; dim < HEAD; ++dim) {
        double sum = 0.0;
        for (int64_t position = 0; position < length; ++position) {
            sum += weights[static_cast<size_t>(position)] * float_of(values[position * HEAD + dim]);
        }
        out[dim] = static_cast<float>(sum);
    }
}

// Indexes of one position and dim in a head of the cross-attention's cache.
int64_t key_index(int64_t position, int64_t dim) { return int8_index(position, dim, HEAD); }
int64_t value_index(int64_t position, int64_t dim) {
    return position / GROUP * GROUP * HEAD + dim * GROUP + position % GROUP;
}

void pack_cross(const float * keys, const float * values, int64_t stride, cross_head & head) {
    float key_mean[HEAD];
    for (int dim = 0; dim < HEAD; ++dim) {
        float key = 0.0f;
        float value = 0.0f;
        for (int64_t position = 0; position < head.positions; ++position) {
            key += keys[position * stride + dim];
            value += values[position * stride + dim];
        }
        const float inverse = 1.0f / static_cast<float>(head.positions);
        key_mean[dim] = key * inverse;
        head.value_mean[dim] = value * inverse;
    }
    for (int64_t position = 0; position < padded(head.positions, PANEL); ++position) {
        const bool real = position < head.positions;
        const float * key = keys + position * stride;
        const float * value = values + position * stride;
        const float key_bound = real ? bound_of(key, key_mean, HEAD) : 0.0f;
        const float value_bound = real ? bound_of(value, head.value_mean, HEAD) : 0.0f;
        head.key_scales[position] = scale_of(key_bound);
        head.value_scales[position] = scale_of(value_bound);
        for (int dim = 0; dim < HEAD; ++dim) {
            const int key_byte = real ? byte_of(key[dim] - key_mean[dim], inverse_of(key_bound)) : 0;
            head.keys[key_index(position, dim)] = static_cast<uint8_t>(key_byte + 128);
            head.values[value_index(position, dim)] =
                real ? byte_of(value[dim] - head.value_mean[dim], inverse_of(value_bound)) : static_cast<int8_t>(0);
        }
    }
}

void cross_attention(const float * queries, int64_t query_stride, int64_t count, const cross_head & head, float * out,
                     int64_t out_stride, float *) {
    std::vector<double> weights(static_cast<size_t>(head.positions));
    for (int64_t query = 0; query < count; ++query) {
        for (int64_t position = 0; position < head.positions; ++position) {
            double score = 0.0;
            for (int dim = 0; dim < HEAD; ++dim) {
                score += static_cast<double>(queries[query * query_stride + dim]) *
                         (head.keys[key_index(position, dim)] - 128);
            }
            weights[static_cast<size_t>(position)] = score * head.key_scales[position] / 8.0;
        }
        softmax(weights);
        for (int dim = 0; dim < HEAD; ++dim) {
            double sum = head.value_mean[dim];
            for (int64_t position = 0; position < head.positions; ++position) {
                sum += weights[static_cast<size_t>(position)] * head.value_scales[position] * head.values[value_index(position, dim)];
            }
            out[query * out_stride + dim] = static_cast<float>(sum);
        }
    }
}

void unpack_row(const int8_weights & weights, int64_t row, const float * add, float * out) {
    for (int64_t column = 0; column < weights.columns; ++column) {
        const int byte = weights.packed[int8_index(row, column, weights.columns)] - 128;
        out[column] = static_cast<float>(byte) * weights.scales[row] + add[column];
    }
}

void power_spectra(const float * samples, int64_t hop, const fft_plan & plan, float * out) {
    double cosine[FFT_SIZE];
    double sine[FFT_SIZE];
    for (int i = 0; i < FFT_SIZE; ++i) {
        cosine[i] = std::cos(2.0 * 3.14159265358979323846 * i / FFT_SIZE);
        sine[i] = std::sin(2.0 * 3.14159265358979323846 * i / FFT_SIZE);
    }
    for (int frame = 0; frame < MEL_FRAMES; ++frame) {
        for (int bin = 0; bin < FFT_BINS; ++bin) {
            double re = 0.0;
            double im = 0.0;
            for (int i = 0; i < FFT_SIZE; ++i) {
                const double value = static_cast<double>(samples[frame * hop + i]) * plan.window[i];
                re += value * cosine[i * bin % FFT_SIZE];
                im -= value * sine[i * bin % FFT_SIZE];
            }
            out[bin * MEL_FRAMES + frame] = static_cast<float>(re * re + im * im);
        }
    }
}

float log_mel(const float * power, const mel_filters & filters, float * out, int64_t out_stride) {
    float largest = -10.0f;
    for (int frame = 0; frame < MEL_FRAMES; ++frame) {
        for (int mel = 0; mel < filters.count; ++mel) {
            double sum = 0.0;
            for (int bin = 0; bin < FFT_BINS; ++bin) {
                sum += static_cast<double>(filters.weights[mel * FFT_BINS + bin]) * power[bin * MEL_FRAMES + frame];
            }
            const float level = static_cast<float>(std::log10(std::max(sum, 1e-10)));
            out[frame * out_stride + mel] = level;
            largest = std::max(largest, level);
        }
    }
    return largest;
}

float maximum(const float * x, int64_t count) {
    float best = -std::numeric_limits<float>::infinity();
    for (int64_t i = 0; i < count; ++i) {
        if (x[i] > best) best = x[i];
    }
    return best;
}

double sum_exp(const float * x, int64_t count, float top, float temperature) {
    const float least = top - 20.0f * temperature;
    double sum = 0.0;
    for (int64_t i = 0; i < count; ++i) {
        if (x[i] > least) sum += std::exp((x[i] - top) / temperature);
    }
    return sum;
}

} // namespace

const kernel_table & plain_table() {
    static const kernel_table table = {
        "plain", false, layer_norm, quantize, int8_product, f32_product, gelu_row, encoder_attention, pack_keys, pack_values, append,
        self_attention, pack_cross, cross_attention, unpack_row, power_spectra, log_mel, maximum, sum_exp,
    };
    return table;
}

} // namespace sotto::kernels
