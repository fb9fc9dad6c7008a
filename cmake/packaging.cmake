# What `cmake --install` and CPack put where. With AUTORECYCLE_PACKAGE the man page, the shells'
# completions and Debian's changelog are written too, by the program that was built.
# packaging/build-deb makes a package.

include(GNUInstallDirs)
option(AUTORECYCLE_PACKAGE "Write the man page and completions, and install them" OFF)

get_target_property(imported autorecycle IMPORTED)
if(imported)
  install(PROGRAMS $<TARGET_FILE:autorecycle> DESTINATION ${CMAKE_INSTALL_BINDIR})
else()
  install(TARGETS autorecycle RUNTIME)
endif()
set(packaging ${CMAKE_CURRENT_LIST_DIR}/../packaging)
install(FILES ${packaging}/autorecycle.service DESTINATION lib/systemd/system)
install(FILES ${packaging}/autorecycle.toml
        DESTINATION ${CMAKE_INSTALL_FULL_SYSCONFDIR}/autorecycle)
install(FILES ${packaging}/debian/copyright ${packaging}/../CHANGELOG.md
        DESTINATION ${CMAKE_INSTALL_DOCDIR})
set(CPACK_PACKAGE_CONTACT "the authors of autorecycle <autorecycle@localhost>")

if(AUTORECYCLE_PACKAGE)
  find_package(Python3 REQUIRED COMPONENTS Interpreter)
  set(manual ${CMAKE_BINARY_DIR}/manual)
  add_custom_command(
    OUTPUT ${manual}/autorecycle.1.gz
    BYPRODUCTS ${manual}/autorecycle.bash ${manual}/_autorecycle ${manual}/autorecycle.fish
               ${manual}/changelog.gz
    COMMAND Python3::Interpreter ${packaging}/manual.py $<TARGET_FILE:autorecycle> ${manual}
            ${CPACK_PACKAGE_CONTACT}
    COMMAND gzip --no-name --best --force ${manual}/autorecycle.1 ${manual}/changelog
    DEPENDS autorecycle ${packaging}/manual.py
    VERBATIM)
  add_custom_target(manual ALL DEPENDS ${manual}/autorecycle.1.gz)
  install(FILES ${manual}/autorecycle.1.gz DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
  install(FILES ${manual}/changelog.gz DESTINATION ${CMAKE_INSTALL_DOCDIR})
  install(FILES ${packaging}/debian/lintian-overrides RENAME autorecycle
          DESTINATION ${CMAKE_INSTALL_DATADIR}/lintian/overrides)
  install(FILES ${manual}/autorecycle.bash RENAME autorecycle
          DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions)
  install(FILES ${manual}/_autorecycle DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/vendor-completions)
  install(FILES ${manual}/autorecycle.fish
          DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d)
endif()

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME autorecycle)
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "recycles EC2 Auto Scaling groups when they changed")
string(CONCAT CPACK_DEBIAN_PACKAGE_DESCRIPTION
  "A worker on SQS that replaces the old instances of Auto Scaling groups with\n"
  "the strategy that the group's tags name, and leaves the group exactly as it\n"
  "was, only newer.")
set(CPACK_PACKAGING_INSTALL_PREFIX ${CMAKE_INSTALL_PREFIX})
set(CPACK_STRIP_FILES ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION admin)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_DEPENDS "ca-certificates, tzdata")
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA
    ${packaging}/debian/conffiles ${packaging}/debian/postinst ${packaging}/debian/postrm
    ${packaging}/debian/prerm)
include(CPack)
