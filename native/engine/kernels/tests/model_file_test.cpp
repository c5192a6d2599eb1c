#include "check.h"

#include "kernels/half.h"
#include "kernels/model.h"

#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <unistd.h>

namespace sotto::kernels::tests {

namespace {

std::vector<char> demonstration_bytes() {
    const char * path = std::getenv("SOTTO_MODEL");
    if (!path || !*path) return {};
    std::ifstream file(path, std::ios::binary);
    return { std::istreambuf_iterator<char>(file), {} };
}

// Whether a model of these bytes is refused with a reason.
bool refused(const std::vector<char> & bytes, size_t count) {
    const auto path = std::filesystem::temp_directory_path() / ("sotto-kernels-" + std::to_string(getpid()) + ".bin");
    std::ofstream(path, std::ios::binary).write(bytes.data(), static_cast<std::streamsize>(count));
    bool threw = false;
    try {
        const model_file file(path.string());
        const model packed(file);
    } catch (const std::runtime_error &) {
        threw = true;
    }
    std::filesystem::remove(path);
    return threw;
}

} // namespace

SOTTO_TEST(blocks_of_quantized_tensors) {
    // Numbers 0, 1, 2 … in the low halves of a block's bytes, 15, 14 … in the high ones.
    uint8_t nibbles[16];
    for (int i = 0; i < 16; ++i) nibbles[i] = static_cast<uint8_t>(i | ((15 - i) << 4));
    const uint16_t scale = half_of(0.5f), minimum = half_of(-3.0f);
    const uint32_t fifths = 0x80000001; // of the first and the last
    const auto number = [](int i) { return i < 16 ? i : 31 - i; };
    const auto dequantized = [](tensor_type type, const std::vector<uint8_t> & block) {
        check(bytes_of(type, 32) == block.size(), "another size of block");
        std::vector<float> out(32);
        dequantize(type, block.data(), 32, out.data());
        return out;
    };
    const auto joined = [](std::initializer_list<std::pair<const void *, size_t>> parts) {
        std::vector<uint8_t> block;
        for (const auto & [data, size] : parts) block.insert(block.end(), static_cast<const uint8_t *>(data), static_cast<const uint8_t *>(data) + size);
        return block;
    };
    const auto q4_0 = dequantized(tensor_type::q4_0, joined({ { &scale, 2 }, { nibbles, 16 } }));
    const auto q4_1 = dequantized(tensor_type::q4_1, joined({ { &scale, 2 }, { &minimum, 2 }, { nibbles, 16 } }));
    const auto q5_0 = dequantized(tensor_type::q5_0, joined({ { &scale, 2 }, { &fifths, 4 }, { nibbles, 16 } }));
    const auto q5_1 = dequantized(tensor_type::q5_1, joined({ { &scale, 2 }, { &minimum, 2 }, { &fifths, 4 }, { nibbles, 16 } }));
    int8_t bytes[32];
    for (int i = 0; i < 32; ++i) bytes[i] = static_cast<int8_t>(8 * i - 128);
    const auto q8_0 = dequantized(tensor_type::q8_0, joined({ { &scale, 2 }, { bytes, 32 } }));
    for (int i = 0; i < 32; ++i) {
        const int five = number(i) + (i == 0 || i == 31 ? 16 : 0);
        const size_t at = static_cast<size_t>(i);
        check(q4_0[at] == 0.5f * static_cast<float>(number(i) - 8), "q4_0");
        check(q4_1[at] == 0.5f * static_cast<float>(number(i)) - 3.0f, "q4_1");
        check(q5_0[at] == 0.5f * static_cast<float>(five - 16), "q5_0");
        check(q5_1[at] == 0.5f * static_cast<float>(five) - 3.0f, "q5_1");
        check(q8_0[at] == 0.5f * static_cast<float>(bytes[i]), "q8_0");
    }
    check(bytes_of(tensor_type::q8_0, 33) == 0 && bytes_of(static_cast<tensor_type>(99), 32) == 0, "a size of what there is not");
}

SOTTO_TEST(model_files_that_are_cut_or_changed_are_refused) {
    const auto bytes = demonstration_bytes();
    if (bytes.empty()) return;
    check(!refused(bytes, bytes.size()), "the whole file is refused");
    for (const size_t count : { size_t { 0 }, size_t { 3 }, size_t { 20 }, size_t { 48 }, size_t { 5000 }, bytes.size() / 2, bytes.size() - 1000, bytes.size() - 1 }) {
        check(refused(bytes, count), "cut at " + std::to_string(count) + " and taken");
    }
    // Every number of the header, too large, negative and zero; the last says only how most weights are stored.
    for (size_t field = 0; field < 11; ++field) {
        for (const int32_t value : { 2000000000, -1, 0 }) {
            auto changed = bytes;
            std::memcpy(changed.data() + 4 * field, &value, sizeof value);
            check(refused(changed, changed.size()), "header field " + std::to_string(field) + " = " + std::to_string(value) + " and taken");
        }
    }
}

} // namespace sotto::kernels::tests
