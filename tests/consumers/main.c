#include <ehlo/ehlo.h>

#include <stdio.h>

int main(void) {
    printf("%s\n", ehlo_fits() ? ehlo_version() : "another layout");
    return 0;
}
