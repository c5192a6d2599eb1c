#include "model.h"

#include <cmath>
#include <stdexcept>

namespace sotto::kernels {

namespace {

// One such number, and there is no telling one token from another; as bytes it would pass for zero.
void demand_numbers(const std::string & name, const float * values, int64_t count) {
    for (int64_t i = 0; i < count; ++i) {
        if (!std::isfinite(values[i])) throw std::runtime_error(name + " holds what is no number");
    }
}

class reader {
  public:
    reader(const model_file & file, size_t & bytes) : file_(file), bytes_(bytes) {}

    // `count` floats of a tensor of any rank, e.g. a bias.
    aligned_array<float> floats(const std::string & name, int64_t count) {
        const file_tensor & tensor = checked(name, count);
        aligned_array<float> result(padded(count, PANEL));
        dequantize(tensor.type, tensor.data, count, result.data());
        demand_numbers(name, result.data(), count);
        bytes_ += result.bytes();
        return result;
    }

    norm both(const std::string & name, int64_t count) {
        return { floats(name + ".weight", count), floats(name + ".bias", count) };
    }

    packed_int8 matrix(const std::vector<std::string> & names, int64_t rows, int64_t columns) {
        // Before anything is allocated: the header alone may promise more than the file holds.
        for (const std::string & name : names) checked(name, rows * columns);
        packed_int8 packed(rows * static_cast<int64_t>(names.size()), columns);
        std::vector<float> row(static_cast<size_t>(columns));
        int64_t at = 0;
        for (const std::string & name : names) {
            const file_tensor & tensor = checked(name, rows * columns);
            if (tensor.sizes[0] != columns) throw std::runtime_error(name + " has another shape");
            const size_t row_bytes = bytes_of(tensor.type, columns);
            for (int64_t i = 0; i < rows; ++i) {
                dequantize(tensor.type, static_cast<const uint8_t *>(tensor.data) + static_cast<size_t>(i) * row_bytes, columns, row.data());
                demand_numbers(name, row.data(), columns);
                packed.set_row(at++, row.data(), columns);
            }
            file_.let_go(tensor); // or a large model would be there twice
        }
        bytes_ += packed.bytes();
        return packed;
    }

    // Several linear layers of one input as one; a name that ends in '-' has no bias.
    linear joined(const std::string & prefix, const std::vector<std::string> & names, int64_t rows, int64_t columns) {
        std::vector<std::string> weights;
        aligned_array<float> bias(padded(rows * static_cast<int64_t>(names.size()), PANEL));
        int64_t at = 0;
        for (std::string name : names) {
            const bool biased = name.back() != '-';
            if (!biased) name.pop_back();
            weights.push_back(prefix + name + ".weight");
            if (biased) {
                const file_tensor & tensor = checked(prefix + name + ".bias", rows);
                dequantize(tensor.type, tensor.data, rows, bias.data() + at);
                demand_numbers(prefix + name, bias.data() + at, rows);
            }
            at += rows;
        }
        bytes_ += bias.bytes();
        return { matrix(weights, rows, columns), std::move(bias) };
    }

    convolution taps(const std::string & name, int64_t rows, int64_t channels) {
        constexpr int64_t TAPS = 3;
        const file_tensor & tensor = checked(name + ".weight", rows * channels * TAPS);
        if (tensor.sizes[0] != TAPS || tensor.sizes[1] != channels) throw std::runtime_error(name + " has another shape");
        std::vector<float> all(static_cast<size_t>(tensor.count()));
        dequantize(tensor.type, tensor.data, tensor.count(), all.data());
        demand_numbers(name, all.data(), tensor.count());
        packed_f32 packed(rows, TAPS * channels);
        std::vector<float> row(static_cast<size_t>(TAPS * channels));
        for (int64_t i = 0; i < rows; ++i) {
            for (int64_t channel = 0; channel < channels; ++channel) {
                for (int64_t tap = 0; tap < TAPS; ++tap) {
                    row[static_cast<size_t>(tap * channels + channel)] = all[static_cast<size_t>((i * channels + channel) * TAPS + tap)];
                }
            }
            packed.set_row(i, row.data());
        }
        bytes_ += packed.bytes();
        return { std::move(packed), floats(name + ".bias", rows) };
    }

  private:
    const file_tensor & checked(const std::string & name, int64_t count) {
        const file_tensor & tensor = file_.tensor(name);
        if (tensor.count() != count) throw std::runtime_error(name + " has another size");
        return tensor;
    }

    const model_file & file_;
    size_t &           bytes_;
};

} // namespace

model::model(const model_file & file) : dimensions(file.dimensions()), mel_filters(file.mel_filters()) {
    reader from(file, bytes_);
    const int64_t width = dimensions.audio_state;
    first  = from.taps("encoder.conv1", width, dimensions.mels);
    second = from.taps("encoder.conv2", width, width);
    audio_positions = from.floats("encoder.positional_embedding", dimensions.audio_context * width);
    for (int32_t i = 0; i < dimensions.audio_layers; ++i) {
        const std::string name = "encoder.blocks." + std::to_string(i) + ".";
        encoder_layers.push_back({
            from.both(name + "attn_ln", width),
            from.joined(name + "attn.", { "query", "key-", "value" }, width, width),
            from.joined(name + "attn.", { "out" }, width, width),
            from.both(name + "mlp_ln", width),
            from.joined(name + "mlp.", { "0" }, 4 * width, width),
            from.joined(name + "mlp.", { "2" }, width, 4 * width),
        });
    }
    encoder_norm = from.both("encoder.ln_post", width);

    token_embedding = from.matrix({ "decoder.token_embedding.weight" }, dimensions.vocabulary, width);
    text_positions  = from.floats("decoder.positional_embedding", dimensions.text_context * width);
    for (int32_t i = 0; i < dimensions.text_layers; ++i) {
        const std::string name = "decoder.blocks." + std::to_string(i) + ".";
        decoder_layers.push_back({
            from.both(name + "attn_ln", width),
            from.joined(name + "attn.", { "query", "key-", "value" }, width, width),
            from.joined(name + "attn.", { "out" }, width, width),
            from.both(name + "cross_attn_ln", width),
            from.joined(name + "cross_attn.", { "query" }, width, width),
            from.joined(name + "cross_attn.", { "key-", "value" }, width, width),
            from.joined(name + "cross_attn.", { "out" }, width, width),
            from.both(name + "mlp_ln", width),
            from.joined(name + "mlp.", { "0" }, 4 * width, width),
            from.joined(name + "mlp.", { "2" }, width, 4 * width),
        });
    }
    decoder_norm = from.both("decoder.ln", width);
}

} // namespace sotto::kernels
