// Stands before the system's header of the same name when ggml's Vulkan backend is compiled. Headers older than 1.3.272
// (Debian 12 has 1.3.239) lack the three types of VK_EXT_layer_settings that ggml-vulkan.cpp names, though it uses them
// only where the validation layer is asked for. With newer headers this adds nothing.
#pragma once

#include_next <vulkan/vulkan.hpp>

#ifndef VK_EXT_layer_settings

namespace vk {

// Layout of VkLayerSettingEXT and VkLayerSettingsCreateInfoEXT (registry.khronos.org/vulkan, VK_EXT_layer_settings).
enum class LayerSettingTypeEXT { eBool32 = 0 };

struct LayerSettingEXT {
    const char *        pLayerName;
    const char *        pSettingName;
    LayerSettingTypeEXT type;
    uint32_t            valueCount;
    const void *        pValues;
};

struct LayerSettingsCreateInfoEXT {
    explicit LayerSettingsCreateInfoEXT(const std::vector<LayerSettingEXT> & settings)
        : settingCount(static_cast<uint32_t>(settings.size())), pSettings(settings.data()) {}

    int32_t                 sType = 1000496000;
    const void *            pNext = nullptr;
    uint32_t                settingCount;
    const LayerSettingEXT * pSettings;
};

} // namespace vk

#endif
