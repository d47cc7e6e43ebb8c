// The main of a replay program: runs a fuzz target once over every file named, and over every file in every folder named.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size);

namespace fs = std::filesystem;

static bool replay(fs::path const& path) {
    std::ifstream file{path, std::ios::binary};
    if (!file) {
        std::fprintf(stderr, "cannot read %s\n", path.string().c_str());
        return false;
    }
    std::vector<char> const bytes{std::istreambuf_iterator<char>{file}, {}};
    // A block of exactly this size: a sanitizer sees a read one octet past the end.
    std::unique_ptr<std::uint8_t[]> const block{new std::uint8_t[bytes.size()]};
    for (std::size_t i = 0; i != bytes.size(); ++i) block[i] = static_cast<std::uint8_t>(bytes[i]);
    LLVMFuzzerTestOneInput(block.get(), bytes.size());
    return true;
}

int main(int argc, char** argv) {
    std::size_t count = 0;
    for (int i = 1; i < argc; ++i) {
        std::vector<fs::path> files;
        if (fs::is_directory(argv[i])) {
            for (auto const& entry : fs::recursive_directory_iterator{argv[i]})
                if (entry.is_regular_file()) files.push_back(entry.path());
        } else {
            files.emplace_back(argv[i]);
        }
        for (auto const& file : files) {
            if (!replay(file)) return 1;
            ++count;
        }
    }
    std::printf("%zu inputs\n", count);
    return count == 0;  // an empty corpus tests nothing
}
